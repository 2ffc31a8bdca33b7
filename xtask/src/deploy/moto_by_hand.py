"""Kinds of resource that take more than one call, or another form of arguments than the template's.

Each function takes the template's properties, the name that CloudFormation would make up, and the way to call; it gives what
Ref and GetAtt find.
"""

import json
import re


def api_account(properties, name, call):
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": properties["CloudWatchRoleArn"]}
    call("apigateway", "update_account", {"patchOperations": [role]})
    return name, {}


def bucket_policy(properties, name, call):
    call("s3", "put_bucket_policy", {"Bucket": properties["Bucket"], "Policy": properties["PolicyDocument"]})
    return name, {}


def topic_policy(properties, name, call):
    for topic in properties["Topics"]:
        policy = {"AttributeName": "Policy", "AttributeValue": properties["PolicyDocument"]}
        call("sns", "set_topic_attributes", {"TopicArn": topic} | policy)
    return name, {}


def firewall_log(properties, name, call):
    call("wafv2", "put_logging_configuration", {"LoggingConfiguration": properties})
    return name, {}


def cluster(properties, name, call):
    kinds = [kind["Type"] for kind in properties["Logging"]["ClusterLogging"]["EnabledTypes"]]
    logging = {"Logging": {"clusterLogging": [{"types": kinds, "enabled": True}]}}
    made = call("eks", "create_cluster", properties | logging)["cluster"]
    # EKS makes a group for its nodes; moto tells one that is not there.
    subnets = {"SubnetIds": properties["ResourcesVpcConfig"]["SubnetIds"]}
    vpc = call("ec2", "describe_subnets", subnets)["Subnets"][0]["VpcId"]
    group = call("ec2", "create_security_group", {"GroupName": name, "Description": "nodes", "VpcId": vpc})
    return made["name"], {"Arn": made["arn"], "ClusterSecurityGroupId": group["GroupId"]}


def secret(properties, name, call):
    form = properties["GenerateSecretString"]
    wanted = {key: form[key] for key in ("PasswordLength", "ExcludePunctuation") if key in form}
    drawn = call("secretsmanager", "get_random_password", wanted)["RandomPassword"]
    text = json.loads(form["SecretStringTemplate"]) | {form["GenerateStringKey"]: drawn}
    arguments = {key: properties[key] for key in ("Name", "Description", "KmsKeyId")} | {"SecretString": text}
    if "ReplicaRegions" in properties:
        arguments["AddReplicaRegions"] = properties["ReplicaRegions"]
    return call("secretsmanager", "create_secret", arguments)["ARN"], {}


def resolved(text, call):
    """What a dynamic reference to a secret stands for."""
    found = re.fullmatch(r"{{resolve:secretsmanager:(.+):SecretString:(\w+)}}", str(text))
    if not found:
        return text
    secret_string = call("secretsmanager", "get_secret_value", {"SecretId": found[1]})["SecretString"]
    return json.loads(secret_string)[found[2]]


def attachment(properties, name, call):
    secret_id = {"SecretId": properties["SecretId"]}
    text = json.loads(call("secretsmanager", "get_secret_value", secret_id)["SecretString"])
    wanted = {"DBInstanceIdentifier": properties["TargetId"]}
    endpoint = call("rds", "describe_db_instances", wanted)["DBInstances"][0]["Endpoint"]
    text |= {"host": endpoint["Address"], "port": endpoint["Port"]}
    call("secretsmanager", "put_secret_value", secret_id | {"SecretString": text})
    return properties["SecretId"], {}


def rotation(properties, name, call):
    # Without the function, which AWS makes, there is nothing to rotate by: but the secret has to be there.
    print("checked only: secretsmanager rotate_secret", flush=True)
    call("secretsmanager", "describe_secret", {"SecretId": properties["SecretId"]})
    return properties["SecretId"], {}


def database(properties, name, call):
    renamed = {"VPCSecurityGroups": "VpcSecurityGroupIds"}
    arguments = {renamed.get(key, key): resolved(value, call) for key, value in properties.items()}
    operation = "create_db_instance"
    if "SourceDBInstanceIdentifier" in properties:
        operation = "create_db_instance_read_replica"
        arguments.pop("Engine")  # a replica's is its source's
        # Set once the replica is there.
        for later in ("BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow"):
            arguments.pop(later, None)
        if properties["SourceDBInstanceIdentifier"].startswith("arn:"):
            arguments.pop("DBSubnetGroupName")  # moto looks for it in the source's region
    made = call("rds", operation, arguments)["DBInstance"]
    return made["DBInstanceIdentifier"], {"Endpoint.Address": made["Endpoint"]["Address"]}


def parameter_group(properties, name, call):
    own = {"DBParameterGroupName": name.lower()}
    described = {"DBParameterGroupFamily": properties["Family"], "Description": properties["Description"]}
    call("rds", "create_db_parameter_group", own | described)
    values = [
        {"ParameterName": key, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
        for key, value in properties["Parameters"].items()
    ]
    call("rds", "modify_db_parameter_group", own | {"Parameters": values})
    return own["DBParameterGroupName"], {}


def balancer(properties, name, call):
    apart = ("LoadBalancerAttributes", "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    arguments = {key: value for key, value in properties.items() if key not in apart}
    made = call("elbv2", "create_load_balancer", arguments)["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    wanted = {"LoadBalancerArn": arn, "Attributes": properties["LoadBalancerAttributes"]}
    # Moto takes fewer of them than AWS: botocore looks at all.
    call("elbv2", "modify_load_balancer_attributes", wanted, checked_only=True)
    return arn, {
        "DNSName": made["DNSName"],
        "CanonicalHostedZoneID": made["CanonicalHostedZoneId"],
        "LoadBalancerFullName": arn.split(":loadbalancer/")[1],
    }


def target_group(properties, name, call):
    arguments = {key: value for key, value in properties.items() if key != "TargetGroupAttributes"}
    arn = call("elbv2", "create_target_group", arguments)["TargetGroups"][0]["TargetGroupArn"]
    wanted = {"TargetGroupArn": arn, "Attributes": properties["TargetGroupAttributes"]}
    call("elbv2", "modify_target_group_attributes", wanted)
    return arn, {"TargetGroupFullName": arn.split(":")[-1]}


BY_HAND = {
    "AWS::ApiGateway::Account": api_account,
    "AWS::EKS::Cluster": cluster,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": balancer,
    "AWS::ElasticLoadBalancingV2::TargetGroup": target_group,
    "AWS::RDS::DBInstance": database,
    "AWS::RDS::DBParameterGroup": parameter_group,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SecretsManager::RotationSchedule": rotation,
    "AWS::SecretsManager::Secret": secret,
    "AWS::SecretsManager::SecretTargetAttachment": attachment,
    "AWS::WAFv2::LoggingConfiguration": firewall_log,
}
