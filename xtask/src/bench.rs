//! `cargo xtask bench NAME`: a benchmark of what is shipped against real neighbours.

use comporta_neighbours::{
    HAPROXY, NGINX, NGINX_LUA, POSTGRESQL, Package, SQLITE3, STRACE, VALGRIND, install,
};

use crate::failure::Outcome;
use crate::process::{cargo, run as run_command};

/// Installs, builds, and hands `arguments` to the benches' own program.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    install(peers(arguments))?;
    run_command(&mut cargo(&["build", "--profile", "dist", "--package", "comporta"]))?;
    run_command(cargo(&["run", "--release", "--package", "comporta-bench", "--"]).args(arguments))
}

/// What a bench needs beside us.
fn peers(arguments: &[String]) -> &'static [Package] {
    match arguments.first().map(String::as_str) {
        Some("ledger" | "mails") => &[POSTGRESQL],
        Some("boletos") => &[POSTGRESQL, SQLITE3],
        Some("gateway") if arguments.iter().any(|argument| argument == "--profile") => {
            &[NGINX, NGINX_LUA, HAPROXY, STRACE, VALGRIND]
        }
        Some("gateway") => &[NGINX, NGINX_LUA, HAPROXY],
        _ => &[],
    }
}
