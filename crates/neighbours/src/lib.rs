//! The servers and tools that tests and benches need, started from installed programs; the standard library only.

mod fresh;
mod install;
mod places;
mod postgres;
mod processes;
mod python;

pub use fresh::{fresh_postgres_url, fresh_sqlite_url};
pub use install::{POSTGRESQL, PYTHON_VENV, Package, STRACE, install};
pub use places::{target, workspace};
pub use postgres::{Options, Postgres, free_port};
pub use python::python_venv;
