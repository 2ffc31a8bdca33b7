//! Benches of what is shipped beside its peers; `cargo xtask bench NAME` builds what they need and runs them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench tells on the terminal what it measured"
)]

mod boletos;
mod cpu;
mod drill;
mod gateway;
mod keys;
mod ledger;
mod load;
mod machine;
mod mails;
mod memory;
mod report;
mod slips;

use std::process::ExitCode;

use clap::Parser;

/// What a bench gives, or what kept it from measuring.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Measure Comporta beside its peers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", version)]
enum Bench {
    /// Fast writes, fast reads, start and size
    Ledger(ledger::Arguments),
    /// A file of a million debts, beside the databases' own tools
    Boletos(boletos::Arguments),
    /// The gateway beside NGINX, HAProxy and NGINX with Lua
    Gateway(gateway::Arguments),
    /// The key ring with a thousand companies and with a hundred thousand
    Keys(keys::Arguments),
    /// Boletos of a file into a mail server that takes its time
    Mails(mails::Arguments),
    /// Barcodes, lines and slips as PDF, beside pycobranca
    Slips(slips::Arguments),
    /// The database lost, and brought back
    Drill(drill::Arguments),
    /// Answers what the gateway's bench asks behind the proxies; told on standard output where
    #[command(hide = true)]
    Upstream,
}

// One thread: what the load generator costs is taken from the server on the same cores.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Bench::parse() {
        Bench::Ledger(arguments) => ledger::run(&arguments).await,
        Bench::Boletos(arguments) => boletos::run(&arguments).await,
        Bench::Gateway(arguments) => gateway::run(&arguments).await,
        Bench::Keys(arguments) => keys::run(&arguments).await,
        Bench::Mails(arguments) => mails::run(&arguments).await,
        Bench::Slips(arguments) => slips::run(&arguments),
        Bench::Drill(arguments) => drill::run(&arguments).await,
        Bench::Upstream => gateway::serve_upstream().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
