//! How long a file is, how it opens, and what it is called.

use super::source::Source;
use super::{Fault, Tree};

const LONGEST: usize = 400;
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "helpers", "helper", "common", "misc"];

pub(super) fn files_are_short(tree: &Tree) -> Vec<Fault> {
    let code = tree.rust().filter(|file| !file.is_test());
    let lengths = code.map(|file| (file, Source::of(&file.text).lines()));
    let long = lengths.filter(|(_, lines)| *lines > LONGEST);
    long.map(|(file, lines)| {
        Fault::new(file, lines, format!("{lines} lines, tests aside: {LONGEST} at most"))
    })
    .collect()
}

pub(super) fn files_open_with_a_sentence(tree: &Tree) -> Vec<Fault> {
    let silent = tree.rust().filter(|file| !file.text.starts_with("//! "));
    silent.map(|file| Fault::new(file, 1, "does not open with a `//!` sentence")).collect()
}

pub(super) fn names_say_something(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.rust() {
        if file.name() == "mod.rs" {
            faults.push(Fault::new(file, 1, "`mod.rs`: name the file after its module, beside its folder"));
        }
        let empty = |part: &&str| EMPTY_NAMES.contains(&part.trim_end_matches(".rs"));
        let in_path = file.path.split('/').find(empty).map(|part| (1, part));
        let source = Source::of(&file.text);
        let inline = EMPTY_NAMES
            .iter()
            .filter_map(|name| Some((source.lines_with(&format!("mod {name}")).next()?, *name)));
        let named = in_path.into_iter().chain(inline);
        faults.extend(
            named.map(|(line, name)| {
                Fault::new(file, line, format!("`{name}` says nothing of what is in it"))
            }),
        );
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn a_long_file_is_told_but_not_for_its_tests() {
        let long = "//! A.\n".to_owned() + &"x;\n".repeat(400);
        let tested = "//! A.\n#[cfg(test)]\nmod tests {\n".to_owned() + &"x;\n".repeat(400);
        let files =
            [("a.rs", long.as_str()), ("b.rs", tested.as_str()), ("crates/a/tests/c.rs", long.as_str())];
        assert_eq!(said(files_are_short, &files), ["a.rs:401: 401 lines, tests aside: 400 at most"]);
    }

    #[test]
    fn a_silent_file_is_told() {
        let files = [("a.rs", "use x;\n//! A."), ("b.rs", "//! B.")];
        assert_eq!(said(files_open_with_a_sentence, &files), ["a.rs:1: does not open with a `//!` sentence"]);
    }

    #[test]
    fn an_empty_name_is_told() {
        let files = [
            ("a/mod.rs", ""),
            ("a/utils.rs", ""),
            ("common/b.rs", ""),
            ("c.rs", "\nmod misc {}"),
            ("commons.rs", ""),
        ];
        assert_eq!(
            said(names_say_something, &files),
            [
                "a/mod.rs:1: `mod.rs`: name the file after its module, beside its folder",
                "a/utils.rs:1: `utils.rs` says nothing of what is in it",
                "common/b.rs:1: `common` says nothing of what is in it",
                "c.rs:2: `misc` says nothing of what is in it",
            ]
        );
    }
}
