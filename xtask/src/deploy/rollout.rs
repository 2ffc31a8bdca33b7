//! The pipeline's way to ECS, run against moto: an image comes in, and goes back out when the service does not become stable.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use comporta_neighbours::{target, workspace};

use super::moto::Moto;
use crate::failure::{Failure, Outcome};

const REGION: &str = "us-east-1";
/// A client that finds the service unstable the first time it is asked to wait.
const UNSTABLE: &str = r#"#!/bin/sh
case "$*" in "ecs wait "*) if mkdir "$STATE" 2>/dev/null; then exit 255; fi ;; esac
exec "$AWS" "$@"
"#;

pub(super) fn check() -> Outcome {
    let moto = Moto::start()?;
    prepare(&moto)?;
    expect(rolled(&moto, "repository@sha256:1", false)?, true, "a good image is deployed")?;
    expect(image(&moto)? == "repository@sha256:1", true, "its tasks run")?;
    expect(rolled(&moto, "repository@sha256:2", true)?, false, "a bad image fails the job")?;
    expect(image(&moto)? == "repository@sha256:1", true, "the one before runs again")
}

fn prepare(moto: &Moto) -> Outcome {
    let container =
        r#"[{"name": "comporta", "image": "repository:1.0", "environment": [{"name": "A", "value": "b"}]}]"#;
    moto.aws(REGION, &["ecs", "create-cluster", "--cluster-name", "comporta"])?;
    let family =
        ["ecs", "register-task-definition", "--family", "comporta", "--container-definitions", container];
    let fargate = ["--requires-compatibilities", "FARGATE", "--network-mode", "awsvpc", "--cpu", "512"];
    moto.aws(REGION, &[&family[..], &fargate[..], &["--memory", "1024"]].concat())?;
    let service = ["ecs", "create-service", "--cluster", "comporta", "--service-name", "comporta"];
    // Moto starts no tasks: a service that wants none is stable.
    let wanted = ["--task-definition", "comporta", "--launch-type", "FARGATE", "--desired-count", "0"];
    moto.aws(REGION, &[&service[..], &wanted[..]].concat()).map(drop)
}

/// Whether the script ended well.
fn rolled(moto: &Moto, image: &str, unstable: bool) -> Outcome<bool> {
    let folder = target().join("deploy/rollout");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut path = vec![moto.bin.clone()];
    if unstable {
        let mut client =
            OpenOptions::new().create_new(true).write(true).mode(0o755).open(folder.join("aws"))?;
        client.write_all(UNSTABLE.as_bytes())?;
        path.insert(0, folder.clone());
    }
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = path.into_iter().chain(std::env::split_paths(&usual)).collect();
    let path = std::env::join_paths(path).map_err(|error| Failure::Found(error.to_string()))?;
    let status = Command::new(workspace().join("deploy/pipeline/ecs.sh"))
        .args(["comporta", "comporta", image])
        .envs(moto.environment(REGION))
        .env("PATH", path)
        .env("AWS", moto.bin.join("aws"))
        .env("STATE", folder.join("asked"))
        .stdin(Stdio::null())
        .status()?;
    Ok(status.success())
}

/// What the service's definition says to run.
fn image(moto: &Moto) -> Outcome<String> {
    let services = ["ecs", "describe-services", "--cluster", "comporta", "--services", "comporta"];
    let query = ["--query", "services[0].taskDefinition", "--output", "text"];
    let definition = moto.aws(REGION, &[&services[..], &query[..]].concat())?;
    let describe = ["ecs", "describe-task-definition", "--task-definition", &definition, "--output", "text"];
    let query = ["--query", "taskDefinition.containerDefinitions[0].image"];
    moto.aws(REGION, &[&describe[..], &query[..]].concat())
}

fn expect(is: bool, wanted: bool, what: &str) -> Outcome {
    println!("{what}: {}", if is == wanted { "yes" } else { "no" });
    if is == wanted { Ok(()) } else { Err(Failure::Found(format!("{what}: no"))) }
}
