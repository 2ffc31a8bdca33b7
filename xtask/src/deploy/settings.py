"""Asks the program about all settings under deploy/: what the chart renders, the compose file says, the package brings."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

# What the image says of itself.
IMAGE = {
    "COMPORTA_DATA_DIR": "/var/lib/comporta",
    "COMPORTA_LISTEN": "0.0.0.0:8080",
    "COMPORTA_PRIVATE_LISTEN": "0.0.0.0:8081",
    "COMPORTA_SERVICE_LISTEN": "0.0.0.0:8082",
}
# What the package's settings refer to, made up.
SECRETS = {"DATABASE": "postgres://comporta@localhost/comporta", "MAIL": "smtps://user:word@mail.example.com", "BACKUP_KEY": "k" * 44}


def cases(rendered):
    """Names, settings and environments."""
    for file in sorted([*rendered.glob("*/settings.yaml"), *rendered.glob("*/backup.yaml")]):
        for resource in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            if resource and resource["kind"] == "ConfigMap":
                name = f"{file.parent.name} {resource['metadata']['name']}"
                yield name, resource["data"]["comporta.yaml"], IMAGE
    compose = yaml.safe_load(Path("deploy/compose/compose.yaml").read_text(encoding="utf-8"))
    yield "compose", "{}", IMAGE | compose["services"]["comporta"]["environment"]
    package = Path("deploy/systemd/comporta.yaml").read_text(encoding="utf-8")
    yield "package", package, {}
    # Taken in, all of it but for the certificate, which is not here.
    wanted = re.sub(r"(?m)^#(?!tls)(?=[a-z]|  )", "", package)
    if wanted == package:
        sys.exit("deploy/systemd/comporta.yaml has nothing to be taken in")
    yield "package, taken in", wanted, SECRETS


program, rendered = sys.argv[1], Path(sys.argv[2])
checked = faults = 0
for name, settings, environment in cases(rendered):
    file = rendered / "checked.yaml"
    file.write_text(settings, encoding="utf-8")
    answer = subprocess.run(
        [program, "check", "--config", file], env=environment, capture_output=True, text=True, check=False
    )
    checked += 1
    if answer.returncode != 0:
        print(f"{name}: {answer.stdout}{answer.stderr}")
        faults += 1
print(f"{checked} settings checked, {faults} faulty")
sys.exit(1 if faults else 0)
