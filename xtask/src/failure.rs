//! How a chore fails, and with which exit code.

use std::io;
use std::process::{ExitCode, ExitStatus};

/// What `?` carries up to `main`.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// A check found faults, already printed.
    Found(String),
    /// Another program failed and has said why; its exit code becomes ours.
    Exited { command: String, status: ExitStatus },
    /// A file or a program could not be used.
    Io(String, io::Error),
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Prints the failure and gives the exit code that goes with it.
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("xtask: {self}");
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Exited { status, .. } => {
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                ExitCode::from(code.unwrap_or(1))
            }
            Self::Found(_) | Self::Io(..) => ExitCode::FAILURE,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(what) | Self::Found(what) => f.write_str(what),
            Self::Exited { command, status } => write!(f, "`{command}` failed: {status}"),
            Self::Io(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io("failed".to_owned(), error)
    }
}
