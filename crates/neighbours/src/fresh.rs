//! A database of its own for each test: an SQLite file, or a database in one PostgreSQL server per process.

#![expect(clippy::panic, reason = "without a database there is nothing to test")]

use std::fs;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Options, Postgres, processes, target};

static NUMBER: AtomicU32 = AtomicU32::new(0);
static SERVER: OnceLock<Postgres> = OnceLock::new();

/// The URL of an SQLite file that does not exist yet. Files of processes that ended are removed on the way.
///
/// # Panics
/// When the folder cannot be made: nothing can be tested then.
#[must_use]
pub fn fresh_sqlite_url() -> String {
    let folder = target().join("databases").join(process::id().to_string());
    if !folder.exists() {
        remove_left_behind();
    }
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    format!("sqlite:{}/{}.db", folder.display(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// The URL of an empty database in a PostgreSQL server that all tests of this process share.
///
/// # Panics
/// When PostgreSQL is missing and cannot be installed, or does not start.
#[must_use]
pub fn fresh_postgres_url() -> String {
    let options = Options::fast().with("max_connections", "400");
    let server = SERVER.get_or_init(|| Postgres::start(&options).unwrap_or_else(|error| panic!("{error}")));
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server.create_database(&name).unwrap_or_else(|error| panic!("{error}"));
    server.url(&name)
}

fn remove_left_behind() {
    let folders = fs::read_dir(target().join("databases")).into_iter().flatten().flatten();
    for folder in folders {
        let owner = folder.file_name().to_str().and_then(|name| name.parse().ok());
        if !owner.is_some_and(processes::is_alive) {
            // Another test process may be removing it too.
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}
