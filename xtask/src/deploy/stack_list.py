"""Every stack of a region and its resources, a line each: stack, its state, the resource's id, what it became."""

import boto3

stacks = boto3.client("cloudformation")
for page in stacks.get_paginator("describe_stacks").paginate():
    for stack in page["Stacks"]:
        for listed in stacks.get_paginator("list_stack_resources").paginate(StackName=stack["StackName"]):
            for resource in listed["StackResourceSummaries"]:
                # Moto lists a resource whose condition does not hold as one without a name.
                if resource.get("LogicalResourceId"):
                    told = [resource["LogicalResourceId"], str(resource.get("PhysicalResourceId"))]
                    print("\t".join([stack["StackName"], stack["StackStatus"], *told]))
