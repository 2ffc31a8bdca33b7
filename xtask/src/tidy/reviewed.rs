//! The one place that may be unsafe, and no other: the lint alone would let any file expect it.

use super::source::Source;
use super::{Fault, Tree};

/// Maps files for the meter.
const REVIEWED: &str = "crates/meter/src/map.rs";
const WORDS: [&str; 2] = ["unsafe", "unsafe_code"];

pub(super) fn unsafe_code_has_one_place(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.rust().filter(|file| file.path != REVIEWED) {
        let source = Source::of(&file.text);
        for word in WORDS {
            let lines = source.lines_with(word);
            faults.extend(lines.map(|line| Fault::new(file, line, format!("`{word}` outside {REVIEWED}"))));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn unsafe_code_is_told_but_where_it_was_reviewed() {
        let text = "// unsafe in words only\n#![expect(unsafe_code)]\nfn f() { unsafe { g() } }\nlet a = \"unsafe\";\n";
        let files = [("crates/a/src/b.rs", text), ("crates/meter/src/map.rs", text)];
        let faults = said(unsafe_code_has_one_place, &files);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults.iter().all(|fault| fault.starts_with("crates/a/src/b.rs:")), "{faults:?}");
    }
}
