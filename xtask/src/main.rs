//! The house's chores: `cargo xtask` lists them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore tells on the terminal what it does")]

mod bench;
mod binary;
mod ci;
mod counts;
mod deny;
mod deploy;
mod drill;
mod failure;
mod fuzz;
mod generate;
mod process;
mod steps;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) =
        arguments.split_first().map_or(("help", &[][..]), |(command, rest)| (command.as_str(), rest));
    let outcome = match command {
        "test" => test::run(rest),
        "ci" => ci::run(),
        "deny" => deny::run(),
        "deploy-check" => deploy::run(rest),
        "tidy" => tidy::run(),
        "generate" => generate::run(rest),
        "bench" => bench::run(rest),
        "drill" => drill::run(rest),
        "fuzz" => fuzz::run(rest),
        "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(failure::Failure::Usage(format!("no command `{other}`; `cargo xtask` lists them"))),
    };
    outcome.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS)
}
