//! The servers and tools that tests and benches need, started from installed programs; the standard library only.

mod faketime;
mod fresh;
mod install;
mod moto;
mod oteltest;
mod places;
mod ports;
mod postgres;
mod processes;
mod python;
mod redis;
mod supervisor;

pub use faketime::moved_clock;
pub use fresh::{fresh_postgres_url, fresh_sqlite_url};
pub use install::{
    CPLUSPLUS, FAKETIME, HAPROXY, NGINX, NGINX_LUA, POPPLER, POSTGRESQL, PYTHON_VENV, Package, REDIS,
    SQLITE3, STRACE, VALGRIND, ZBAR, install,
};
pub use moto::{MOTO, Moto};
pub use oteltest::OtelTest;
pub use places::{target, workspace};
pub use ports::free_port;
pub use postgres::{Options, Postgres};
pub use python::{python_venv, python_venv_since};
pub use redis::Redis;
