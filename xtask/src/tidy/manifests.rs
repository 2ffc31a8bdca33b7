//! What a `Cargo.toml` says, as far as the rules ask, and the one rule about manifests themselves.

use super::{Fault, Tree};

pub(super) fn lints_hold_everywhere(tree: &Tree) -> Vec<Fault> {
    let crates =
        tree.files.iter().filter(|file| file.name() == "Cargo.toml" && package(&file.text).is_some());
    let lax = crates.filter(|file| {
        !entries(&file.text).any(|(_, at, entry)| at == "lints" && entry == "workspace = true")
    });
    lax.map(|file| Fault::new(file, 1, "the workspace's lints are not taken: `[lints] workspace = true`"))
        .collect()
}

/// The package's name and its line; none for a bare workspace.
pub(super) fn package(manifest: &str) -> Option<(usize, &str)> {
    let (line, _, entry) =
        entries(manifest).find(|(_, at, entry)| *at == "package" && key(entry) == "name")?;
    Some((line, entry.split_once('=')?.1.trim().trim_matches('"')))
}

/// The names of what the package is built from, not of what only its tests use, and their lines.
pub(super) fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let is_for_building = |at: &str| {
        let table = at.rsplit('.').next().unwrap_or(at);
        table == "dependencies" || table == "build-dependencies"
    };
    entries(manifest)
        .filter(|(_, at, _)| is_for_building(at))
        .map(|(line, _, entry)| (line, key(entry)))
        .collect()
}

/// The lines that set something, each with its number and the table it is in.
fn entries(manifest: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let mut table = "";
    manifest.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.split('#').next().unwrap_or(line).trim();
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(opened) => table = opened,
            None if line.contains('=') => return Some((index + 1, table, line)),
            None => {}
        }
        None
    })
}

/// What an entry sets: `serde` in `serde.workspace = true` as in `serde = "1"`.
fn key(entry: &str) -> &str {
    entry.split(['=', '.']).next().unwrap_or(entry).trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn a_crate_with_lints_of_its_own_is_told() {
        let lax = "[package]\nname = \"a\"\n[lints.rust]\nworkspace = true";
        let strict = "[package]\nname = \"b\"\n[lints]\nworkspace = true";
        let root = "[workspace]\nmembers = []";
        let files = [("a/Cargo.toml", lax), ("b/Cargo.toml", strict), ("Cargo.toml", root)];
        assert_eq!(
            said(lints_hold_everywhere, &files),
            ["a/Cargo.toml:1: the workspace's lints are not taken: `[lints] workspace = true`"]
        );
    }
}
