//! Where a secret is kept when a setting only refers to it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::environment::Environment;

/// What begins a reference to a secret kept elsewhere.
const SCHEME: &str = "secret://";
/// A secret is a line, not a disk image: what a mistaken path may make us read.
const MAX_FILE: u64 = 64 * 1024;
/// Why a reference gives no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Neither of the two forms.
    #[error("a secret is referred to as secret://env/NAME or secret://file/PATH")]
    Malformed,
    /// No such variable, or nothing in it.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The file gives nothing.
    #[error("cannot read the secret in {path}: {source}")]
    Unreadable {
        /// The file's path.
        path: String,
        /// Why not.
        source: io::Error,
    },
}

/// The secret that a text is or refers to.
pub(crate) fn resolve(text: &str, environment: &Environment) -> Result<String, SecretError> {
    let Some(reference) = text.strip_prefix(SCHEME) else {
        return Ok(text.to_owned());
    };
    match reference.split_once('/') {
        Some(("env", name)) if !name.is_empty() => {
            environment.get(name).map(str::to_owned).ok_or_else(|| SecretError::Unset(name.to_owned()))
        }
        Some(("file", path)) if !path.is_empty() => from_file(path),
        _ => Err(SecretError::Malformed),
    }
}

/// The file's text without the line end that editors add. `secret://file/run/secrets/x` means the absolute
/// path unless such a file lies under the working folder; with two slashes it is absolute in any case.
fn from_file(path: &str) -> Result<String, SecretError> {
    let from_root = format!("/{}", path.trim_start_matches('/'));
    let path = if Path::new(path).exists() { path } else { from_root.as_str() };
    let text = read(path).map_err(|source| SecretError::Unreadable { path: path.to_owned(), source })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn read(path: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    let fault = match text.trim().len() {
        0 => "it is empty",
        _ if text.len() as u64 > MAX_FILE => "it is larger than 64 KiB",
        _ => return Ok(text),
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, fault))
}
