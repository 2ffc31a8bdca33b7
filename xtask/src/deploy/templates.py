"""Names in the templates that nothing but AWS would miss: metrics of the cluster that no workload tells, roles that nobody makes.

Run in the folder of the templates.
"""

import json
import re
import sys
from pathlib import Path

import yaml
from cfnlint.decode import decode

# By which dimensions Container Insights tells a metric, by how its name begins.
DIMENSIONS = {
    "pod": {"ClusterName", "Namespace", "PodName"},
    "node": {"ClusterName"},
    "cluster": {"ClusterName"},
}
CHART = Path("../helm/comporta/values.yaml")


def metrics(alarm):
    """The metrics that an alarm asks for, of itself and within its expressions."""
    inner = [part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
    return inner or [alarm]


def watched(templates):
    """Faults of the alarms on the cluster: wrong dimensions, and workloads that no alarm watches, or that are not there."""
    pods = set()
    for name, template in templates.items():
        for resource, written in template["Resources"].items():
            for metric in metrics(written.get("Properties", {})) if written["Type"] == "AWS::CloudWatch::Alarm" else []:
                if metric["Namespace"] != "ContainerInsights":
                    continue
                dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
                if dimensions.keys() != DIMENSIONS[metric["MetricName"].split("_")[0]]:
                    yield f"{name}: {resource}: {metric['MetricName']} is not told by {', '.join(dimensions)}"
                pods |= {dimensions["PodName"]} if "PodName" in dimensions else set()
    workloads = {f"comporta-{workload}" for workload in yaml.safe_load(CHART.read_text(encoding="utf-8"))["deployments"]}
    yield from (f"{workload}: an alarm and no workload, or a workload and no alarm" for workload in sorted(workloads ^ pods))


def roles(templates):
    """Roles of this installation that a policy names, and no template makes."""
    text = json.dumps(templates)
    made = set(re.findall(r'"RoleName": {"Fn::Sub": "([^"]+)"}', text))
    named = set(re.findall(r":role/([^/\"]*\$\{Name\}[^/\"]*)\"", text))
    yield from (f"role/{role}: named and never made" for role in sorted(named - made))


def main():
    templates = {path.name: decode(str(path))[0] for path in sorted(Path().glob("*.yaml"))}
    faults = [*watched(templates), *roles(templates)]
    for fault in faults:
        print(fault)
    print(f"{len(templates)} templates, {len(faults)} names of the cluster or of roles that nothing stands behind")
    return 1 if faults else 0


sys.exit(main())
