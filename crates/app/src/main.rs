//! The `comporta` program: parse, run, tell how it ended.

use std::process::ExitCode;

use clap::Parser;
use comporta::cli::Cli;
use comporta::settings::Environment;

// Many small short-lived allocations per request. Without huge pages (`no_thp`), which made 15 MB of an idle
// process resident for nothing.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
fn main() -> ExitCode {
    match Cli::parse().run(&Environment::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error.report());
            error.exit_code()
        }
    }
}
