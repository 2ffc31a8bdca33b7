//! Where PostgreSQL's programs are, and how they are told whom to connect to.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::address::Address;
use crate::error::Missing;

/// Debian puts each major version's programs in a folder of its own, outside `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// PostgreSQL's programs of a version.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// The folder that was set, and the only one then.
    folder: Option<PathBuf>,
    /// The server's major version: `pg_dump` must not be older, and what restores a cluster must be the same.
    version: u32,
}

/// Which versions do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fits {
    /// The server's, or a newer one.
    NotOlder,
    /// The server's only.
    Same,
}

impl Programs {
    pub(crate) fn new(folder: Option<&Path>, version: u32) -> Self {
        Self { folder: folder.map(Path::to_owned), version }
    }

    /// A command for a program, which has no questions to ask.
    pub(crate) fn command(&self, program: &'static str, fits: Fits) -> Result<Command, Missing> {
        let mut command = Command::new(self.find(program, fits)?);
        // What the caller's shell says of servers is not for these.
        for name in ["PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSERVICE", "PGOPTIONS"] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("PGAPPNAME", "comporta backup");
        Ok(command)
    }

    /// The same, of a program that connects to an address.
    pub(crate) fn client(&self, program: &'static str, address: &Address) -> Result<Command, Missing> {
        let mut command = self.command(program, Fits::NotOlder)?;
        command.arg("--no-password").arg(format!("--dbname={}", address.without_password()));
        if let Some(password) = address.password() {
            command.env("PGPASSWORD", password.expose());
        }
        Ok(command)
    }

    fn find(&self, program: &'static str, fits: Fits) -> Result<PathBuf, Missing> {
        let of_version = || match fits {
            Fits::Same => vec![debian(self.version)],
            Fits::NotOlder => (self.version..self.version + 10).map(debian).collect(),
        };
        let on_path = || {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).collect::<Vec<_>>()
        };
        let folders = match &self.folder {
            Some(folder) => vec![folder.clone()],
            None => of_version().into_iter().chain(on_path()).collect(),
        };
        let found = folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file());
        found.ok_or_else(|| self.missing(program))
    }

    fn missing(&self, program: &'static str) -> Missing {
        let server = ["postgres", "pg_ctl"].contains(&program);
        Missing {
            program,
            version: format!("{} or newer ", self.version),
            place: self
                .folder
                .as_ref()
                .map_or_else(String::new, |folder| format!(" in {}", folder.display())),
            package: format!("postgresql-{}{}", if server { "" } else { "client-" }, self.version),
        }
    }
}

fn debian(version: u32) -> PathBuf {
    Path::new(DEBIAN).join(version.to_string()).join("bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_told_with_what_to_install() {
        let programs = Programs::new(Some(Path::new("/nowhere")), 15);
        let missing = programs.command("pg_dump", Fits::NotOlder).unwrap_err().to_string();
        assert!(missing.starts_with("pg_dump 15 or newer is not installed in /nowhere: "), "{missing}");
        assert!(missing.contains("apt-get install postgresql-client-15"), "{missing}");
        let server = programs.command("pg_ctl", Fits::Same).unwrap_err();
        assert_eq!(server.package, "postgresql-15");
    }

    #[test]
    fn no_password_is_among_the_arguments() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pg_dump"), "").unwrap();
        let programs = Programs::new(Some(folder.path()), 15);
        let address = Address::parse("postgres://ann:hunter2@db/c").unwrap();
        let command = programs.client("pg_dump", &address).unwrap();
        assert!(!command.get_args().any(|argument| argument.to_string_lossy().contains("hunter2")));
        assert!(command.get_envs().any(|(name, value)| name == "PGPASSWORD" && value.is_some()));
    }
}
