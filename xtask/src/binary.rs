//! The program under test: built once, with the features that the tests' own build gives it.

use std::path::PathBuf;

use comporta_neighbours::target;

use crate::failure::Outcome;
use crate::process::{cargo, run};

/// Builds every binary and every test. Tests asked for in the same command, the crates we depend on are
/// compiled with the features that `cargo test --workspace` unifies, so that it finds nothing left to compile.
pub(crate) fn build_with_tests() -> Outcome {
    run(&mut cargo(&["build", "--workspace", "--bins", "--tests"]))
}

/// Builds the program alone.
pub(crate) fn build() -> Outcome {
    run(&mut cargo(&["build", "--package", "comporta"]))
}

/// Where it was built.
pub(crate) fn path() -> PathBuf {
    target().join("debug/comporta")
}
