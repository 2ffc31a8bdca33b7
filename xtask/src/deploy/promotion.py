"""What the guide's command for a lost region changes in the database: nothing for which CloudFormation would replace it.

Resolves the template as CloudFormation would, before the command and after it, and compares the database's properties. Which of
them replace, AWS' own schema tells. Run in the folder of the templates.
"""

import sys
from functools import reduce

from cfnlint.decode import decode
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

KIND = "AWS::RDS::DBInstance"
NO_VALUE = {"Ref": "AWS::NoValue"}
BEFORE = {"Region": "second", "SourceRegion": "sa-east-1", "SourceDatabaseArn": "arn:aws:rds:sa-east-1:123456789012:db:comporta"}
# Parameters that a deployment does not name stay as they are.
AFTER = BEFORE | {"SourceDatabaseArn": ""}


def resolver(template, parameters):
    """Conditions and parameters; what else is made of them differs where they differ."""

    def holds(condition):
        (function, said), = condition.items()
        if function == "Condition":
            return holds(template["Conditions"][said])
        if function == "Fn::Equals":
            return resolve(said[0]) == resolve(said[1])
        parts = [holds(part) for part in said]
        return {"Fn::And": all, "Fn::Or": any, "Fn::Not": lambda only: not only[0]}[function](parts)

    def resolve(value):
        if isinstance(value, list):
            return [resolve(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if "Ref" in value:
            return parameters.get(value["Ref"], dict(value))
        if "Fn::If" in value:
            name, then, otherwise = value["Fn::If"]
            return resolve(then if holds(template["Conditions"][name]) else otherwise)
        if isinstance(text := value.get("Fn::Sub"), str):
            return reduce(lambda told, name: told.replace(f"${{{name}}}", parameters[name]), parameters, text)
        return {key: resolve(inner) for key, inner in value.items()}

    return resolve


def properties(template, parameters):
    resolve = resolver(template, parameters)
    written = template["Resources"]["Database"]["Properties"]
    return {key: resolved for key, value in written.items() if (resolved := resolve(value)) != NO_VALUE}


def main():
    template, faults = decode("database.yaml")
    assert not faults, faults
    before, after = properties(template, BEFORE), properties(template, AFTER)
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", KIND).schema
    replace = {path.removeprefix("/properties/") for path in schema["createOnlyProperties"]}
    for key in sorted(changed & replace):
        print(f"database.yaml: {key} changes from {before.get(key)} to {after.get(key)}: the database would be replaced")
    if changed != {"SourceDBInstanceIdentifier"}:
        print(f"database.yaml: a database that is made independent changes in {sorted(changed)}")
        return 1
    print(f"a database made independent keeps {len(before.keys() & replace)} properties that would replace it")
    return 0


sys.exit(main())
