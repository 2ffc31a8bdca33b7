//! The pipelines: their form by the schemas of GitHub and GitLab, and GitHub's by a linter of what can be abused in them.

use std::fs;
use std::path::PathBuf;

use comporta_neighbours::workspace;

use super::linters;
use crate::failure::Outcome;
use crate::process::{command, run as run_command};

pub(super) fn check() -> Outcome {
    let bin = linters::bin()?;
    let schema = |arguments: &[&str]| command(bin.join("check-jsonschema"), arguments);
    let mut github = schema(&["--builtin-schema", "vendor.github-workflows"]);
    run_command(github.args(workflows()?))?;
    let gitlab = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", ".gitlab-ci.yml"];
    run_command(&mut schema(&gitlab))?;
    // Offline: what it would ask GitHub is whether a pinned commit is its tag's.
    run_command(&mut command(
        bin.join("zizmor"),
        &["--offline", "--persona", "pedantic", "--no-progress", ".github"],
    ))
}

fn workflows() -> Outcome<Vec<PathBuf>> {
    let folder = workspace().join(".github/workflows");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    Ok(files)
}
