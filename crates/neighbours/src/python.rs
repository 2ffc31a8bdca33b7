//! Python programs from PyPI, each set in a virtual environment of its own under `target/tools`.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{PYTHON_VENV, install, places, processes};

/// How many minor versions of Python are looked for.
const NEWER: u32 = 10;

/// The `bin` folder of a virtual environment that holds `packages`, each pinned as `name==version`; made once.
///
/// # Errors
/// When Python cannot make the environment, or pip cannot fetch and install a package.
pub fn python_venv(packages: &[&str]) -> io::Result<PathBuf> {
    venv(Path::new("python3"), packages)
}

/// The same by a Python that is no older than `since`, for packages that Debian's own is too old for.
///
/// # Errors
/// When there is none on the path or under `~/.pyenv`; when it cannot make the environment; when pip cannot fetch and
/// install a package.
pub fn python_venv_since(since: (u32, u32), packages: &[&str]) -> io::Result<PathBuf> {
    let (major, minor) = since;
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let pyenv =
        std::env::home_dir().map(|home| home.join(".pyenv/versions")).and_then(|all| fs::read_dir(all).ok());
    let pyenv = pyenv.into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let folders: Vec<PathBuf> = on_path.into_iter().flatten().chain(pyenv).collect();
    let found = (minor..minor + NEWER).find_map(|minor| {
        let name = format!("python{major}.{minor}");
        folders.iter().map(|folder| folder.join(&name)).find(|python| runs(python))
    });
    let missing =
        || io::Error::other(format!("install Python {major}.{minor} or newer: {packages:?} needs it"));
    venv(&found.ok_or_else(missing)?, packages)
}

/// A name on the path may be one that pyenv has put there for a version that is not chosen.
fn runs(python: &Path) -> bool {
    python.is_file() && processes::succeeds(Command::new(python).arg("--version"))
}

fn venv(python: &Path, packages: &[&str]) -> io::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    (python, packages).hash(&mut hasher);
    let tools = places::target().join("tools");
    let venv = tools.join(format!("python-{:016x}", hasher.finish()));
    fs::create_dir_all(&tools)?;
    let lock = File::create(tools.join("python.lock"))?;
    lock.lock()?;
    let complete = venv.join("complete");
    if !complete.exists() {
        make(python, &venv, packages)?;
        File::create(complete)?;
    }
    Ok(venv.join("bin"))
}

fn make(python: &Path, venv: &Path, packages: &[&str]) -> io::Result<()> {
    if python == Path::new("python3") {
        install(&[PYTHON_VENV])?;
    }
    processes::finish(Command::new(python).args(["-m", "venv", "--clear"]).arg(venv))?;
    let mut pip = Command::new(venv.join("bin/python"));
    // Most of what is fetched is never imported, and what is gets compiled then.
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-compile",
    ]);
    pip.args(packages);
    processes::finish(&mut pip).map(drop)
}
