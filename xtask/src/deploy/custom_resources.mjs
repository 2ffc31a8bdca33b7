// Shows each resource of an operator's kind to that operator's model, which holds the schema of its definition.
import { readFileSync } from "node:fs";

const models = {
  "external-secrets.io/v1": await import("@kubernetes-models/external-secrets/external-secrets.io/v1"),
  "monitoring.coreos.com/v1": await import("@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1"),
};

let faults = 0;
const resources = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const { from, resource } of resources) {
  const name = `${from}: ${resource.kind} ${resource.metadata.name}`;
  const Model = models[resource.apiVersion]?.[resource.kind];
  try {
    if (!Model) throw new Error(`no model of ${resource.apiVersion}`);
    new Model(resource).validate();
  } catch (error) {
    console.log(`${name}: ${error.message}`);
    faults += 1;
  }
}
console.log(`${resources.length} resources of operators, ${faults} faults`);
process.exit(faults > 0 || resources.length === 0 ? 1 : 0);
