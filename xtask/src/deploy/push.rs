//! The pipeline's way to the registry, run against moto with an engine and a signer that are made up: a job that failed after
//! its push goes on from there when it is run again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use comporta_neighbours::workspace;

use super::moto::Moto;
use super::tools::scratch;
use crate::failure::{Failure, Outcome};

const REGION: &str = "us-east-1";
const REPOSITORY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/comporta";
const STAND_IN: &str = "xtask/src/deploy/push.sh";

pub(super) fn check() -> Outcome {
    let moto = Moto::start()?;
    let create = ["ecr", "create-repository", "--repository-name", "comporta"];
    moto.aws(REGION, &[&create[..], &["--image-tag-mutability", "IMMUTABLE"]].concat())?;
    let folder = scratch("push")?;
    for name in ["docker", "grype", "cosign"] {
        symlink(workspace().join(STAND_IN), folder.join(name))?;
    }
    expect(pushed(&moto, &folder)?.is_none(), "a signature that fails fails the job")?;
    let again = pushed(&moto, &folder)?;
    let named = again.is_some_and(|image| image.starts_with(&format!("{REPOSITORY}@sha256:")));
    expect(named, "run again, it ends well, and tells the image by its digest")?;
    expect(pushed(&moto, &folder)?.is_some(), "and once more")?;
    let calls = fs::read_to_string(folder.join("calls"))?;
    let count = |call: &str| calls.lines().filter(|line| *line == call).count();
    expect(count("docker build") == 2 && count("docker push") == 2, "each image was built and pushed once")?;
    // To moto both are one image: it makes digests of nothing.
    expect(count("cosign sign") == 2 && count("cosign attest") == 1, "and signed once, beside what failed")
}

/// The last line of a run, if it ended well.
fn pushed(moto: &Moto, folder: &Path) -> Outcome<Option<String>> {
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let path = [folder.to_owned(), moto.bin.clone()].into_iter().chain(std::env::split_paths(&usual));
    let path = std::env::join_paths(path.collect::<Vec<PathBuf>>())
        .map_err(|error| Failure::Found(error.to_string()))?;
    let output = Command::new(workspace().join("deploy/pipeline/image.sh"))
        .args(["commit", "7"])
        .envs(moto.environment(REGION))
        .env("PATH", path)
        .env("AWS", moto.bin.join("aws"))
        .env("STATE", folder)
        .env("REPOSITORY", REPOSITORY)
        .env("SIGNATURE_KEY", "awskms:///alias/comporta-images")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success().then(|| said.lines().last().unwrap_or_default().to_owned()))
}

fn expect(is: bool, what: &str) -> Outcome {
    println!("{what}: {}", if is { "yes" } else { "no" });
    if is { Ok(()) } else { Err(Failure::Found(format!("{what}: no"))) }
}
