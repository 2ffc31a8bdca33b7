//! Ourselves, with everything on.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use comporta_neighbours::free_port;
use comporta_testkit::FirstRun;

use super::{GLANCE, PATIENCE, Place, failure};
use crate::Outcome;
use crate::gateway::process::Process;
use crate::gateway::scenario::Scenario;

const SETTINGS: &str = include_str!("comporta.yaml");
const SECURE: &str = "tls: {certificate: @CERTIFICATE@, key: @PRIVATE_KEY@}\n";

/// Writes the settings, and tells how to start.
pub(super) fn prepare(place: &Place<'_>) -> Outcome<(PathBuf, Vec<String>)> {
    let certificate = &place.ground.certificate;
    let secure = if place.scenario.is_secure() { SECURE } else { "" };
    let settings = format!("{SETTINGS}{secure}");
    let marks = [
        ("@FOLDER@", place.folder.display().to_string()),
        ("@LISTEN@", place.address.to_string()),
        ("@PRIVATE_PORT@", free_port()?.to_string()),
        ("@UPSTREAM@", place.ground.upstream.address.to_string()),
        ("@CERTIFICATE@", certificate.certificate.display().to_string()),
        ("@PRIVATE_KEY@", certificate.key.display().to_string()),
    ];
    let settings = marks.iter().fold(settings, |text, (mark, value)| text.replace(mark, value));
    let path = place.folder.join("comporta.yaml");
    fs::write(&path, settings)?;
    let mut arguments = vec!["serve".to_owned(), "--config".to_owned(), path.display().to_string()];
    if place.scenario != Scenario::InProcess {
        arguments.extend(["--roles", "gateway"].map(str::to_owned));
    }
    Ok((place.ground.binary.clone(), arguments))
}

/// The key of the first run, once it is there.
pub(super) async fn key(folder: &Path, process: &Process, log: &Path) -> Outcome<String> {
    let begun = Instant::now();
    loop {
        let text = fs::read(folder.join("data/first-run.json")).unwrap_or_default();
        if let Ok(first) = serde_json::from_slice::<FirstRun>(&text) {
            return Ok(first.api_key);
        }
        if begun.elapsed() > PATIENCE || process.has_ended() {
            return Err(failure("comporta", "no key came", log));
        }
        tokio::time::sleep(GLANCE).await;
    }
}
