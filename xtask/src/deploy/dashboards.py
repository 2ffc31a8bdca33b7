"""Reads dashboards by Grafana's own models and writes them again: what is lost on the way, Grafana does not know.

Prints every expression as a rule, with Grafana's variables filled in, for promtool to read.
"""

import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(ours, theirs, place=""):
    """The places where what was written again differs from what was read."""
    if isinstance(ours, dict):
        for key, value in ours.items():
            if not isinstance(theirs, dict) or key not in theirs:
                yield f"{place}/{key}"
            else:
                yield from lost(value, theirs[key], f"{place}/{key}")
    elif isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            yield place
        else:
            for index, pair in enumerate(zip(ours, theirs)):
                yield from lost(*pair, f"{place}/{index}")
    elif ours != theirs:
        yield place


plugins.register_default_plugins()
faults = 0
rules = []
seen = {}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        ours = json.load(file)
    theirs = json.loads(JSONEncoder().encode(Dashboard.from_json(ours)))
    complaints = [f"{place}: Grafana does not know this" for place in lost(ours, theirs)]
    panels = [panel["id"] for panel in ours["panels"]]
    if len(set(panels)) != len(panels):
        complaints.append("/panels: two of them have one id")
    if ours["uid"] in seen:
        complaints.append(f"/uid: {seen[ours['uid']]} has it too")
    seen[ours["uid"]] = path
    for panel in ours["panels"]:
        for target in panel["targets"]:
            text = target["expr"].replace("$__rate_interval", "5m").replace("$namespace", ".*")
            if "$" in text:
                complaints.append(f"panel {panel['id']}: an unknown variable in {text}")
            rules.append({"record": f"panel:{len(rules)}", "expr": text})
    for complaint in complaints:
        print(f"{path}: {complaint}", file=sys.stderr)
    faults += len(complaints)
if not rules:
    sys.exit("no expression was found")
json.dump({"groups": [{"name": "dashboards", "rules": rules}]}, sys.stdout)
sys.exit(1 if faults else 0)
