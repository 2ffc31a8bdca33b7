//! Python programs from PyPI, each set in a virtual environment of its own under `target/tools`.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{PYTHON_VENV, install, places, processes};

/// The `bin` folder of a virtual environment that holds `packages`, each pinned as `name==version`; made once.
///
/// # Errors
/// When Python cannot make the environment, or pip cannot fetch and install a package.
pub fn python_venv(packages: &[&str]) -> io::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    packages.hash(&mut hasher);
    let tools = places::target().join("tools");
    let venv = tools.join(format!("python-{:016x}", hasher.finish()));
    fs::create_dir_all(&tools)?;
    let lock = File::create(tools.join("python.lock"))?;
    lock.lock()?;
    let complete = venv.join("complete");
    if !complete.exists() {
        make(&venv, packages)?;
        File::create(complete)?;
    }
    Ok(venv.join("bin"))
}

fn make(venv: &Path, packages: &[&str]) -> io::Result<()> {
    install(&[PYTHON_VENV])?;
    processes::finish(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv))?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]).args(packages);
    processes::finish(&mut pip).map(drop)
}
