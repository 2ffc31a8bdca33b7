//! Words that show something unfinished, or a machine of ours. They are pieced together here, or this file
//! would be the first to break its rule.

use super::source::holds_word;
use super::{Fault, Tree};

const LEFT_OVER: [&str; 6] = [
    concat!("todo", "!"),
    concat!("dbg", "!"),
    concat!("unimplemented", "!"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("TO", "DO"),
];

const MACHINE: [&str; 2] = [concat!("/wo", "rk/"), concat!("../", "shared")];

pub(super) fn nothing_is_left_over(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| file.name() != "Cargo.lock") {
        for (index, line) in file.text.lines().enumerate() {
            let left_over = LEFT_OVER.iter().filter(|word| holds_word(line, word));
            faults
                .extend(left_over.map(|word| Fault::new(file, index + 1, format!("`{word}` is left over"))));
            let paths = MACHINE.iter().filter(|path| holds_path(line, path));
            faults.extend(
                paths.map(|path| Fault::new(file, index + 1, format!("`{path}` is on one machine only"))),
            );
        }
    }
    faults
}

/// Whether a path begins in the line, rather than goes on as a part of a longer one.
fn holds_path(line: &str, path: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "._-/}".contains(c);
    line.match_indices(path).any(|(start, _)| !line[..start].ends_with(goes_on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn what_is_unfinished_is_told() {
        let text = ["fine", concat!("// TO", "DO: more"), concat!("todo", "!()"), "TODOS todo"].join("\n");
        let faults = said(nothing_is_left_over, &[("a.rs", &text)]);
        assert_eq!(
            faults,
            [concat!("a.rs:2: `TO", "DO` is left over"), concat!("a.rs:3: `todo", "!` is left over")]
        );
    }

    #[test]
    fn a_path_of_one_machine_is_told() {
        let text = [concat!("see /wo", "rk/x"), concat!("see https://a.example/home/wo", "rk/x")].join("\n");
        assert_eq!(said(nothing_is_left_over, &[("a.md", &text)]).len(), 1);
    }
}
