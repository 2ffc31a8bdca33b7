//! What checks and trials need of others, where it comes from, and in which version.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use comporta_neighbours::{PYTHON_VENV, Package, install, python_venv, target};

use crate::failure::{Failure, Outcome};
use crate::process::{cargo, command, run};

/// `promtool`, for rules and scrape configurations.
pub(super) const PROMETHEUS: Package = Package { name: "prometheus", present: || runs("promtool") };
/// `systemd-analyze`.
pub(super) const SYSTEMD: Package = Package { name: "systemd", present: || runs("systemd-analyze") };
/// Makes certificates.
pub(super) const OPENSSL: Package =
    Package { name: "openssl", present: || Path::new("/usr/bin/openssl").exists() };
/// Node's packages; brings Node along.
pub(super) const NPM: Package = Package { name: "npm", present: || runs("npm") };
/// Checks Debian's packages.
pub(super) const LINTIAN: Package = Package { name: "lintian", present: || runs("lintian") };
/// Makes a Debian system in a folder or an archive.
pub(super) const MMDEBSTRAP: Package = Package { name: "mmdebstrap", present: || runs("mmdebstrap") };
/// Builds images without an engine.
pub(super) const BUILDAH: Package = Package { name: "buildah", present: || runs("buildah") };
/// Runs containers without an engine.
pub(super) const PODMAN: Package = Package { name: "podman", present: || runs("podman") };
/// What podman runs them by: unlike its rival it takes the older kind of control groups too.
pub(super) const RUNC: Package = Package { name: "runc", present: || runs("runc") };

/// Policies for what is deployed. It wants older versions of what the linters share, and so an environment of its own.
pub(super) const CHECKOV: &str = "checkov==3.3.30";
/// Models of what other projects add to Kubernetes, with their schemas.
pub(super) const CUSTOM_RESOURCES: [&str; 2] =
    ["@kubernetes-models/external-secrets@2.0.0", "@kubernetes-models/prometheus-operator@6.0.0"];
/// Makes Debian packages of crates.
pub(super) const CARGO_DEB: (&str, &str) = ("cargo-deb", "3.8.0");
/// Lists the crates in a program; the Dockerfile names the same.
pub(super) const CARGO_CYCLONEDX: (&str, &str) = ("cargo-cyclonedx", "0.5.9");

/// Installs Debian packages where they are missing.
pub(super) fn need(packages: &[Package]) -> Outcome {
    for missing in packages.iter().filter(|package| !(package.present)()) {
        println!("Debian's {} is not here, and is installed", missing.name);
    }
    install(packages).map_err(|error| Failure::Io("installing".to_owned(), error))
}

/// The `bin` folder of an environment that holds packages of PyPI.
pub(super) fn python(packages: &[&str]) -> Outcome<PathBuf> {
    need(&[PYTHON_VENV])?;
    python_venv(packages).map_err(|error| Failure::Io(packages.join(" "), error))
}

/// A folder whose `node_modules` holds packages of npm, each pinned as `name@version`.
pub(super) fn node(packages: &[&str]) -> Outcome<PathBuf> {
    need(&[NPM])?;
    let folder = target().join("tools/node");
    fs::create_dir_all(&folder)?;
    let mut npm = command("npm", &["install", "--silent", "--no-fund", "--no-audit", "--prefix"]);
    run(npm.arg(&folder).args(packages))?;
    Ok(folder)
}

/// A cargo command of others, compiled where it is missing.
pub(super) fn cargo_tool((name, version): (&str, &str)) -> Outcome<PathBuf> {
    let root = target().join("tools").join(format!("{name}-{version}"));
    let program = root.join("bin").join(name);
    if !program.exists() {
        let mut install = cargo(&["install", "--locked", name, "--version", version, "--root"]);
        run(install.arg(&root))?;
    }
    Ok(program)
}

/// An empty folder under `target/deploy` for what a step makes.
pub(super) fn scratch(name: &str) -> Outcome<PathBuf> {
    let folder = target().join("deploy").join(name);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir_all(&folder)?,
    }
    Ok(folder)
}

/// The files of a folder that end so, in order.
pub(super) fn files(folder: impl AsRef<Path>, ending: &str) -> Outcome<Vec<PathBuf>> {
    let folder = folder.as_ref();
    let read = |error| Failure::Io(folder.display().to_string(), error);
    let entries = fs::read_dir(folder).map_err(read)?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension() == Some(OsStr::new(ending)));
    found.sort();
    if found.is_empty() {
        return Err(Failure::Found(format!("{}: no file ends in .{ending}", folder.display())));
    }
    Ok(found)
}

/// Whether a program is found, whatever it thinks of the question.
fn runs(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}
