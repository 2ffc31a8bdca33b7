//! `cargo xtask ci`: everything that decides whether a change may land, the quickest to fail first.

use crate::counts::Counts;
use crate::failure::Outcome;
use crate::process::{cargo, run as run_command};
use crate::steps::Steps;
use crate::{binary, deny, deploy, generate, test, tidy};

/// Runs each step in turn until one fails; the table of times and the sum of the tests come last.
pub(crate) fn run() -> Outcome {
    let mut steps = Steps::default();
    let mut counts = Counts::default();
    let outcome = run_steps(&mut steps, &mut counts);
    print!("{}", steps.summary());
    if let Some(what) = deploy::not_checked() {
        println!("NOT checked: {what}");
    }
    if counts != Counts::default() {
        println!("{counts}");
    }
    outcome
}

fn run_steps(steps: &mut Steps, counts: &mut Counts) -> Outcome {
    steps.run("format", || run_command(&mut cargo(&["fmt", "--all", "--check"])))?;
    steps.run("tidy", tidy::run)?;
    steps.run("deny", deny::run)?;
    steps.run("clippy", clippy)?;
    steps.run("docs", docs)?;
    steps.run("deploy", deploy::check_sources)?;
    steps.run("install", test::install_neighbours)?;
    steps.run("build", binary::build_with_tests)?;
    steps.run("generate", generate::check)?;
    steps.run("settings", || deploy::check_settings(&binary::path()))?;
    steps.run("test", || test::cargo_test(&[], counts))
}

/// The first to compile, so also the one that finds a `Cargo.lock` left behind.
fn clippy() -> Outcome {
    run_command(&mut cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Examples are named, though there may be none, because then the crates we depend on are checked with the
/// features that clippy has just checked them with, and not once more.
fn docs() -> Outcome {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--lib", "--examples"]);
    run_command(command.env("RUSTDOCFLAGS", "-D warnings"))
}
