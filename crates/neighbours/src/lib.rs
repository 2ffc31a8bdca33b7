//! The servers and tools that tests and benches need, started from installed programs; the standard library only.

mod fresh;
mod install;
mod places;
mod ports;
mod postgres;
mod processes;
mod python;
mod redis;
mod supervisor;

pub use fresh::{fresh_postgres_url, fresh_sqlite_url};
pub use install::{
    CPLUSPLUS, HAPROXY, NGINX, NGINX_LUA, POPPLER, POSTGRESQL, PYTHON_VENV, Package, REDIS, SQLITE3, STRACE,
    VALGRIND, ZBAR, install,
};
pub use places::{target, workspace};
pub use ports::free_port;
pub use postgres::{Options, Postgres};
pub use python::{python_venv, python_venv_since};
pub use redis::Redis;
