//! Every input that is kept for the fuzz targets, by which they are begun and in which their findings stay, holds.
#![expect(clippy::panic, clippy::unwrap_used, reason = "in a test it is the failure")]

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use comporta_oracles::ORACLES;

/// The kept inputs of a target.
fn seeds(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    seeds
}

#[test]
fn no_input_that_is_kept_breaks_a_rule() {
    for (target, oracle) in ORACLES {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for seed in seeds {
            let data = fs::read(&seed).unwrap();
            assert!(catch_unwind(|| oracle(&data)).is_ok(), "{}", seed.display());
        }
    }
}
