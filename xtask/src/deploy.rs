//! `cargo xtask deploy-check`: what `deploy/` and the pipelines hold, checked by the tools of those it is for.

mod api;
mod checkov;
mod compose;
mod costs;
mod dashboards;
mod docker;
mod helm;
mod image;
mod lint;
mod linters;
mod machine;
mod metrics;
mod moto;
mod nginx;
mod package;
mod push;
mod rollout;
mod rules;
mod settings;
mod shell;
mod stacks;
mod systemd;
mod template;
mod terraform;
mod tools;
mod workflows;

use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::steps::Steps;

/// A step by its name.
type Step = (&'static str, fn() -> Outcome);

/// What needs the sources alone: the quickest to fail first.
const CHECKS: [Step; 18] = [
    ("metrics", metrics::check),
    ("api", api::check),
    ("costs", costs::check),
    ("rules", rules::check),
    ("docker", docker::check),
    ("compose", compose::check),
    ("systemd", systemd::check),
    ("nginx", nginx::check),
    ("shell", shell::check),
    ("workflows", workflows::check),
    ("cfn-lint", lint::check),
    ("terraform", terraform::check),
    ("dashboards", dashboards::check),
    ("helm", helm::check),
    ("checkov", checkov::check),
    ("stacks", stacks::check),
    ("push", push::check),
    ("rollout", rollout::check),
];

/// What needs the program too.
const OF_PROGRAM: Step = ("settings", settings::attempt);

/// What runs the program as it is deployed: for root on Debian, and by name only, because it takes minutes.
const TRIALS: [Step; 3] =
    [("image", image::attempt), ("package", package::attempt), ("machine", machine::attempt)];

/// Runs the steps that are named, or every check, until one fails.
pub(crate) fn run(names: &[String]) -> Outcome {
    let known: Vec<Step> = CHECKS.into_iter().chain([OF_PROGRAM]).chain(TRIALS).collect();
    if let Some(unknown) = names.iter().find(|name| !known.iter().any(|(step, _)| step == name)) {
        let steps = known.iter().map(|(step, _)| *step).collect::<Vec<_>>().join(", ");
        return Err(Failure::Usage(format!("no step `{unknown}`: there are {steps}")));
    }
    let trial = |step: &str| TRIALS.iter().any(|(name, _)| *name == step);
    let wanted = |(step, _): &Step| match names {
        [] => !trial(step),
        _ => names.iter().any(|name| name == step),
    };
    let chosen: Vec<Step> = known.into_iter().filter(wanted).collect();
    run_steps(&chosen)
}

/// Runs every check that needs no program.
pub(crate) fn check_sources() -> Outcome {
    run_steps(&CHECKS)
}

/// Asks a program that was built about every settings file that it is deployed with.
pub(crate) fn check_settings(program: &Path) -> Outcome {
    settings::check(program)
}

/// What this machine lacks the tool for, and who has it.
pub(crate) fn not_checked() -> Option<&'static str> {
    terraform::not_checked()
}

fn run_steps(chosen: &[Step]) -> Outcome {
    let mut steps = Steps::default();
    let outcome = chosen.iter().try_for_each(|(name, check)| steps.run(name, check));
    print!("{}", steps.summary());
    if let Some(what) = not_checked().filter(|_| chosen.iter().any(|(name, _)| *name == "terraform")) {
        println!("NOT checked: {what}");
    }
    outcome
}
