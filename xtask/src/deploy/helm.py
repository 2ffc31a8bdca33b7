"""Lints and renders the chart by Helm's own library, for every file of values, as an installation and as an upgrade.

Then tries values that the chart must refuse, each with the words that it should refuse them by.
"""

import json
import sys
from pathlib import Path

import helm_python as helm
import yaml

# A warning, by Helm's own numbers.
WARNING = 2

# Enough for the values that come with the chart, which leave the Secret open.
SECRET = {"secret": {"existing": "comporta"}}

BACKUP = {"enabled": True, "to": "s3://bucket/prefix"}

REFUSED = [
    ({}, "name a Secret"),
    (SECRET | {"image": {"repositry": "x"}}, "repositry"),
    (SECRET | {"deployments": {"gateway": {"roles": ["gatway"]}}}, "roles"),
    (SECRET | {"deployments": {"ledger": {"autoscaling": {"enabled": True, "requestsInFlight": 5}}}}, "only a gateway"),
    (SECRET | {"deployments": {"jobs": {"persistence": {"enabled": True}}}}, "for one process alone"),
    ({"externalSecrets": {"enabled": True, "data": {"A": {"key": "a"}}}}, "which store"),
    (SECRET | {"aws": {"logs": {"enabled": True}}}, "aws.region"),
    (SECRET | {"backup": {"enabled": True}}, "backup.to"),
    (SECRET | {"backup": BACKUP, "settings": {"backup": {"to": "s3://b"}}}, "settings.backup.to"),
    ({"backup": BACKUP, "migrations": {"job": False}}, "backup needs"),
    (SECRET | {"deployments": {"backup": {"roles": ["jobs"]}}}, "propertyName 'backup'"),
    ({"secret": {"values": {"database-url": "x"}}}, "database-url"),
]


def is_custom(resource):
    """Whether it is an operator's kind, which the schemas of Kubernetes do not know."""
    group = resource["apiVersion"].rpartition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


def write(rendered, folder):
    """Writes a file for each template that gave something; gives how many, and the operators' resources in them."""
    folder.mkdir(parents=True)
    count, custom = 0, []
    for path, text in rendered.items():
        resources = [resource for resource in yaml.safe_load_all(text) if resource] if path.endswith(".yaml") else []
        if resources:
            (folder / path.split("/templates/")[1].replace("/", "-")).write_text(text, encoding="utf-8")
            count += 1
            custom += [{"from": folder.name, "resource": resource} for resource in resources if is_custom(resource)]
    return count, custom


def main(path, output):
    faults, custom = 0, []
    cases = {"default": SECRET, "backup": SECRET | {"backup": BACKUP | {"verify": False}}}
    for file in sorted(Path(path).glob("values-*.yaml")):
        cases[file.stem.removeprefix("values-")] = yaml.safe_load(file.read_text(encoding="utf-8"))
    with helm.Chart.load(path) as chart:
        for name, values in cases.items():
            report = helm.lint(path, values, strict=True)
            for message in report["messages"]:
                if message["severity"] >= WARNING:
                    print(f"{name}: {message['path']}: {message['error']}")
                    faults += 1
            for how in ({"is_install": True}, {"is_install": False, "is_upgrade": True, "revision": 2}):
                rendered = chart.render(values, name="comporta", namespace="comporta", **how)
                kind = "install" if how["is_install"] else "upgrade"
                count, more = write(rendered, output / f"{name}-{kind}")
                print(f"{name}, {kind}: {count} files")
                custom += more
        for values, words in REFUSED:
            try:
                chart.validate_schema(values)
                chart.render(values, name="comporta", namespace="comporta")
            except helm.HelmError as error:
                if words in str(error):
                    continue
                print(f"{values}: refused for another reason: {error}")
            else:
                print(f"{values}: should be refused by words such as: {words}")
            faults += 1
    (output / "custom-resources.json").write_text(json.dumps(custom), encoding="utf-8")
    print(f"{len(REFUSED)} refused as they should be, {faults} faults, by Helm {helm.helm_sdk_version()}")
    return faults


sys.exit(1 if main(sys.argv[1], Path(sys.argv[2])) else 0)
