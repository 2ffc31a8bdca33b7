"""Moto's server, taught the kinds of resource that it serves by API but not by CloudFormation.

Moto makes a stack's resources by models of its own, and passes over the kinds for which it has none. Here those kinds are
made by the call that AWS' own client would send: botocore checks its arguments, moto answers it. Where moto has no such
call either, botocore still checks the arguments, and the resource is only counted.
"""

import ipaddress
import json
import os
import sys
from functools import cache, partial

import boto3
from botocore.validate import validate_parameters
from moto import server
from moto.cloudformation import parsing
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.core.common_models import CloudFormationModel

from moto_by_hand import BY_HAND
from moto_kinds import KINDS

PORT = sys.argv[sys.argv.index("-p") + 1]


def fit(value, shape):
    """Brings what a template holds into the types and the letter case of the call's arguments."""
    kind = shape.type_name
    if kind == "structure":
        names = {name.lower(): name for name in shape.members}
        fitted = {names.get(key.lower(), key): inner for key, inner in value.items()}
        return {key: fit(inner, shape.members[key]) if key in shape.members else inner for key, inner in fitted.items()}
    if kind == "list":
        return [fit(inner, shape.member) for inner in value]
    if kind == "map":
        return {key: fit(inner, shape.value) for key, inner in value.items()}
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("double", "float"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "string":
        return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    return value


def find(answer, path):
    for part in path.split("."):
        answer = answer[int(part) if part.isdigit() else part]
    return answer


@cache
def client(service, region):
    # Made once: that takes longer than any call.
    return boto3.client(service, region_name=region, endpoint_url=f"http://localhost:{PORT}")


def caller(region):
    """Sends one call, its arguments made to fit; `checked_only` sends nothing, for calls that moto has not."""

    def call(service, operation, arguments, checked_only=False):
        sender = client(service, region)
        shape = sender.meta.service_model.operation_model(sender.meta.method_to_api_mapping[operation]).input_shape
        arguments = fit(arguments, shape)
        if checked_only:
            print(f"checked only: {service} {operation}", flush=True)
            return validate_parameters(arguments, shape)
        return getattr(sender, operation)(**arguments)

    return call


def by_table(how, properties, name, call):
    renamed = {how.get("rename", {}).get(key, key): value for key, value in properties.items()}
    arguments = {key: value for key, value in renamed.items() if key not in how.get("leave", [])}
    arguments |= {key: name for key in how.get("named", [])}
    answer = call(*how["call"].split("."), arguments, how.get("checked_only", False))
    identity = find(answer, how["identity"]) if "identity" in how else name
    return identity, {attribute: find(answer, path) for attribute, path in how.get("attributes", {}).items()}


class Called(CloudFormationModel):
    """A resource made by a call of its service."""

    __module__ = "moto.called"  # moto files its models by the second part of this

    def __init__(self, identity, attributes):
        self.physical_resource_id = identity
        self.attributes = attributes

    def get_cfn_attribute(self, name):
        return self.attributes[name]

    @staticmethod
    def cloudformation_name_type():
        return ""

    @staticmethod
    def cloudformation_type():
        return ""

    @classmethod
    def create_from_cloudformation_json(cls, name, cloudformation_json, account_id, region_name, **said):
        kind = said["ResourceType"]
        make = BY_HAND.get(kind) or partial(by_table, KINDS[kind])
        return cls(*make(cloudformation_json["Properties"], name, caller(region_name)))

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, *_, **__):
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, *_, **__):
        pass


def with_cidr(clean):
    """Moto does not know Fn::Cidr: it is answered here, before moto looks at the rest."""

    def cleaned(value, resources):
        if isinstance(value, dict) and "Fn::Cidr" in value:
            block, count, bits = cleaned(value["Fn::Cidr"], resources)
            parts = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
            return [str(next(parts)) for _ in range(int(count))]
        return clean(value, resources)

    return cleaned


def output_of(stack, attribute):
    """What a template takes of one nested in it."""
    told = {output["OutputKey"]: output["OutputValue"] for output in stack.outputs or []}
    return told[attribute.removeprefix("Outputs.")]


def with_outputs(execute):
    """A stack made by a change set has its outputs before it has a template: they are looked for again."""

    def executed(backend, *arguments, **named):
        execute(backend, *arguments, **named)
        for stack in backend.stacks.values():
            stack._parse_template()
            stack.output_map = stack._create_output_map()

    return executed


def main():
    CloudFormationBackend.execute_change_set = with_outputs(CloudFormationBackend.execute_change_set)
    Stack.get_cfn_attribute = output_of
    parsing.clean_json = with_cidr(parsing.clean_json)
    known = parsing.resource_class_from_type
    parsing.resource_class_from_type = lambda kind: (
        Called if kind in KINDS or kind in BY_HAND else known(kind)
    )
    os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    server.main()


main()
