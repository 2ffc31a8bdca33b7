//! Steps that are announced, timed and summed up; the first that fails is the last.

use std::time::{Duration, Instant};

use crate::failure::Outcome;

#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(&'static str, Duration, bool)>,
}

impl Steps {
    /// Runs one step and tells how long it took.
    pub(crate) fn run<T>(&mut self, name: &'static str, step: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        println!("── {name}");
        let begun = Instant::now();
        let outcome = step();
        let took = begun.elapsed();
        let word = if outcome.is_ok() { "done" } else { "FAILED" };
        println!("── {name}: {word} in {:.1} s\n", took.as_secs_f64());
        self.done.push((name, took, outcome.is_ok()));
        outcome
    }

    /// A line for each step that ran, and one for the whole.
    pub(crate) fn summary(&self) -> String {
        let total: Duration = self.done.iter().map(|(_, took, _)| took).sum();
        let lines = self.done.iter().map(|(name, took, ok)| {
            format!("{name:<12}{:>8.1} s  {}\n", took.as_secs_f64(), if *ok { "ok" } else { "FAILED" })
        });
        let total = format!("{:<12}{:>8.1} s\n", "total", total.as_secs_f64());
        lines.chain([total]).collect()
    }
}
