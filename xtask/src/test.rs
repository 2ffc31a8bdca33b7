//! `cargo xtask test`: every test, with the servers and tools it needs.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use comporta_neighbours::{POPPLER, POSTGRESQL, PYTHON_VENV, ZBAR, install};

use crate::binary;
use crate::counts::Counts;
use crate::failure::{Failure, Outcome};
use crate::process::{cargo, judge, show};
use crate::steps::Steps;

/// Installs, builds and tests; the sum of the results is the last line. `arguments` go to `cargo test`, all of
/// the workspace's tests without them.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let mut steps = Steps::default();
    steps.run("install", install_neighbours)?;
    if arguments.is_empty() {
        steps.run("build", binary::build_with_tests)?;
    } else {
        steps.run("build", binary::build)?;
    }
    let mut counts = Counts::default();
    let outcome = steps.run("test", || cargo_test(arguments, &mut counts));
    println!("{}{counts}", steps.summary());
    outcome
}

/// What the tests need from outside.
pub(crate) fn install_neighbours() -> Outcome {
    install(&[POSTGRESQL, PYTHON_VENV, POPPLER, ZBAR])
        .map_err(|error| Failure::Io("installing".to_owned(), error))
}

/// Runs `cargo test`, passing its output on and counting as it comes.
pub(crate) fn cargo_test(arguments: &[String], counts: &mut Counts) -> Outcome {
    let chosen = arguments.iter().any(|word| word == "-p" || word.starts_with("--package"));
    let mut command = cargo(&["test", "--no-fail-fast"]);
    command.args((!chosen).then_some("--workspace")).args(arguments).stdout(Stdio::piped());
    let shown = show(&command);
    let mut child = command.spawn()?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            counts.add(&line);
        }
    }
    judge(shown, child.wait()?)
}
