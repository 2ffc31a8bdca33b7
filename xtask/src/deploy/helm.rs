//! The chart: rendered by Helm itself, its manifests checked by the schemas of Kubernetes and of the operators whose
//! resources it has, and by policies.

use std::fs;
use std::path::{Path, PathBuf};

use comporta_neighbours::workspace;

use super::linters;
use super::tools::{CHECKOV, CUSTOM_RESOURCES, files, node, python, scratch};
use crate::failure::{Failure, Outcome};
use crate::process::{command, run};

const CHART: &str = "deploy/helm/comporta";
/// Lints and renders the chart for each file of values, and tries values that it must refuse.
const RENDER: &str = "xtask/src/deploy/helm.py";
/// Shows each resource of an operator to the model of its kind.
const CUSTOM: &str = include_str!("custom_resources.mjs");

/// Where the first leaves those for the second.
const OPERATORS: &str = "custom-resources.json";

/// What manifests want of a cluster beside Kubernetes, and the chart that brings it.
const BRINGS: [(&str, &str); 3] = [
    ("external-secrets.io/", "external-secrets/external-secrets"),
    ("monitoring.coreos.com/", "prometheus-community/kube-prometheus-stack"),
    ("comporta_requests_in_flight", "prometheus-community/prometheus-adapter"),
];
/// Who says what to install on EKS.
const GUIDES: [&str; 2] = ["docs/guides/aws.md", "docs/guides/kubernetes.md"];

/// The oldest version that the chart allows, and the newest that the schemas know.
const VERSIONS: [&str; 2] = ["1.30", "1.37"];

/// What policies ask for that is not ours to do, or not to be done here.
const SKIPPED: [&str; 5] = [
    "CKV_K8S_11", // no limit of CPU: a throttled gateway is a slow one, and requests share what is left fairly
    "CKV_K8S_15", // a tag stands for one image, so it need not be pulled each time
    "CKV_K8S_21", // the namespace is the release's, and is not in manifests
    "CKV_K8S_35", // secrets come by the environment, which is how the program's settings name them
    "CKV_K8S_43", // digests are for whoever deploys
];

pub(super) fn check() -> Outcome {
    let output = render()?;
    let manifests = manifests(&output)?;
    let validate = linters::bin()?.join("kubernetes-validate");
    for version in VERSIONS {
        let mut command = command(&validate, &["--strict", "--no-warn", "--quiet", "-k", version]);
        run(command.args(&manifests))?;
    }
    // Beside the packages that it asks for, for there Node looks for them.
    let custom = node(&CUSTOM_RESOURCES)?.join("custom_resources.mjs");
    fs::write(&custom, CUSTOM)?;
    run(command("node", &[]).arg(custom).arg(output.join(OPERATORS)))?;
    brought(&output)?;
    // Without the last it would call its maker.
    let mut policies = command(python(&[CHECKOV])?.join("checkov"), &["--compact", "--quiet"]);
    policies.args(["--framework", "kubernetes", "--skip-check", &SKIPPED.join(",")]);
    run(policies.arg("--directory").arg(output).arg("--skip-download"))
}

/// A folder for each file of values, in it a file for each template.
pub(super) fn render() -> Outcome<PathBuf> {
    // A copy without links, of which Helm would tell at each turn.
    let chart = scratch("chart")?;
    run(command("cp", &["--recursive", "--dereference", "--no-target-directory", CHART]).arg(&chart))?;
    let output = scratch("helm")?;
    let python = linters::bin()?.join("python");
    run(command(python, &[RENDER]).arg(chart).arg(&output))?;
    Ok(output)
}

/// Whether the guides to EKS install all that its manifests want of others.
fn brought(output: &Path) -> Outcome {
    let mut text = String::new();
    for path in files(output.join("eks-install"), "yaml")? {
        text += &fs::read_to_string(path)?;
    }
    let wanted = BRINGS.into_iter().filter(|(word, _)| text.contains(word));
    for (word, chart) in wanted {
        for guide in GUIDES {
            let told = fs::read_to_string(workspace().join(guide))?;
            if !told.contains(&format!(" {chart} ")) {
                return Err(Failure::Found(format!("{guide}: nobody installs {chart}, which brings {word}")));
            }
        }
    }
    Ok(())
}

fn manifests(output: &Path) -> Outcome<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(output)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files(path, "yaml")?);
        }
    }
    Ok(all)
}
