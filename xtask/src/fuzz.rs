//! `cargo xtask fuzz`: the oracles with inputs that libFuzzer makes up, guided by what of the program they reach.

use std::fs;
use std::path::{Path, PathBuf};

use comporta_neighbours::{CPLUSPLUS, install, target, workspace};

use crate::failure::{Failure, Outcome};
use crate::process::{cargo, command, read, run as run_command};
use crate::steps::Steps;

const TARGETS: [&str; 4] = ["paths", "jwt", "api_key", "settings"];

/// How long each target runs unless told, in seconds.
const SECONDS: &str = "600";

/// Counters at each edge and the operands of comparisons, both for the fuzzer to look at. These flags are stable;
/// the sanitizers, which would want a nightly compiler, look for what code without `unsafe` cannot do.
const INSTRUMENTED: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

/// Builds the targets and runs those asked for, or all, one after the other. What they learn is kept in
/// `target/fuzz`; the first finding ends the run and is told with its file.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (targets, seconds) = asked(arguments)?;
    let mut steps = Steps::default();
    steps.run("install", || {
        install(&[CPLUSPLUS]).map_err(|error| Failure::Io("installing".to_owned(), error))
    })?;
    let built = steps.run("build", build)?;
    let outcome = targets.into_iter().try_for_each(|name| steps.run(name, || fuzz(&built, name, &seconds)));
    print!("{}", steps.summary());
    outcome
}

fn asked(arguments: &[String]) -> Outcome<(Vec<&'static str>, String)> {
    let mut targets = Vec::new();
    let mut seconds = SECONDS.to_owned();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let wrong = || Failure::Usage(format!("`{word}`: expected {}, or --seconds N", TARGETS.join(", ")));
        if word == "--seconds" {
            let number = words.next().filter(|number| number.parse::<u32>().is_ok());
            seconds.clone_from(number.ok_or_else(wrong)?);
        } else {
            targets.push(TARGETS.into_iter().find(|name| name == word).ok_or_else(wrong)?);
        }
    }
    Ok((if targets.is_empty() { TARGETS.to_vec() } else { targets }, seconds))
}

/// The folder of the programs. The platform is named so that nothing that only builds others is instrumented.
fn build() -> Outcome<PathBuf> {
    let platform = platform()?;
    let folder = folder().join("build");
    let mut command = cargo(&["build", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml"]);
    command
        .args(["--target", &platform, "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", INSTRUMENTED.join(" "));
    run_command(&mut command)?;
    Ok(folder.join(platform).join("release"))
}

fn platform() -> Outcome<String> {
    let told = read(&mut command("rustc", &["-vV"]))?;
    let told = String::from_utf8_lossy(&told);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::Found("rustc names no host".to_owned()))
}

fn fuzz(built: &Path, name: &str, seconds: &str) -> Outcome {
    let (corpus, findings) = (folder().join("corpus").join(name), folder().join("findings").join(name));
    let inputs = workspace().join("fuzz");
    for made in [&corpus, &findings] {
        fs::create_dir_all(made).map_err(|error| Failure::Io(made.display().to_string(), error))?;
    }
    let mut command = command(built.join(name), &["-timeout=10", "-max_len=4096", "-print_final_stats=1"]);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-dict={}", inputs.join("dictionaries").join(name).with_extension("dict").display()))
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .args([corpus, inputs.join("seeds").join(name)]);
    run_command(&mut command)
}

fn folder() -> PathBuf {
    target().join("fuzz")
}
