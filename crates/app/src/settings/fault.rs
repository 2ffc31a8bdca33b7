//! Faults of settings: what is wrong and where.

use std::fmt::{self, Write as _};

use super::tree::Origin;

/// One thing wrong in the settings.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fault {
    /// Where it was written.
    pub origin: Origin,
    /// The setting's path in the document, such as `database.url`; empty when no setting is meant.
    pub path: String,
    /// What is wrong, and what would be right. Never holds a value that may be secret.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.path.as_str() {
            "" => format!("{}: {}", self.origin, self.message),
            path => format!("{}: {path}: {}", self.origin, self.message),
        };
        // A key may hold anything: a fault stays on its line, and gives a terminal no orders.
        shown.chars().try_for_each(|letter| match letter.is_control() {
            true => letter.escape_default().try_for_each(|letter| f.write_char(letter)),
            false => f.write_char(letter),
        })
    }
}

/// Everything wrong in the settings, in the order of the file; at least one fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort();
        faults.dedup();
        Self(faults)
    }

    /// Each fault.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Fault::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}
