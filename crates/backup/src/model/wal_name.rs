//! The names of files of PostgreSQL's log (PostgreSQL manual, "WAL Internals" and "Continuous Archiving").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Hexadecimal digits of a segment's name: timeline, log and segment, eight each.
const SEGMENT: usize = 24;
const TIMELINE: usize = 8;

/// The name of a segment, or of what lies beside segments: `….history`, `….backup`, `….partial`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalName(String);

/// Text that is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a file of PostgreSQL's log, such as 000000010000000000000002")]
pub struct WalNameError;

impl WalName {
    /// Whether nobody needs it to recover from `first` on: what `pg_archivecleanup` goes by, which looks at the
    /// place in the log and not at the timeline. Histories of timelines are always needed.
    #[must_use]
    pub fn is_before(&self, first: &Self) -> bool {
        match (self.place(), first.place()) {
            (Some(own), Some(first)) => own < first,
            _ => false,
        }
    }

    fn place(&self) -> Option<&str> {
        self.0.get(TIMELINE..SEGMENT).filter(|place| is_hex(place))
    }
}

impl FromStr for WalName {
    type Err = WalNameError;

    fn from_str(text: &str) -> Result<Self, WalNameError> {
        let (stem, rest) = text.split_once('.').unwrap_or((text, ""));
        let well_formed = is_hex(stem)
            && match (stem.len(), rest) {
                (SEGMENT, "" | "partial") | (TIMELINE, "history") => true,
                (SEGMENT, rest) => {
                    rest.strip_suffix(".backup").is_some_and(|offset| offset.len() == 8 && is_hex(offset))
                }
                _ => false,
            };
        if well_formed { Ok(Self(text.to_owned())) } else { Err(WalNameError) }
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

impl fmt::Display for WalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for WalName {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WalName {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> WalName {
        text.parse().unwrap()
    }

    #[test]
    fn names_that_postgres_gives_are_taken_and_paths_are_not() {
        for right in [
            "000000010000000000000002",
            "0000000100000000000000FE.partial",
            "00000002.history",
            "000000010000000000000002.00000028.backup",
        ] {
            assert_eq!(name(right).to_string(), right);
        }
        for wrong in ["", "../x", "00000001000000000000000", "00000001000000000000000g", "00000002", "a/b"] {
            assert_eq!(wrong.parse::<WalName>(), Err(WalNameError), "{wrong}");
        }
    }

    #[test]
    fn what_lies_before_a_segment_is_told_across_timelines() {
        let first = name("000000010000000000000010");
        assert!(name("00000001000000000000000F").is_before(&first));
        assert!(name("00000002000000000000000F").is_before(&first));
        assert!(name("00000001000000000000000F.00000028.backup").is_before(&first));
        assert!(!name("000000010000000000000010").is_before(&first));
        assert!(!name("000000010000000100000000").is_before(&first));
        assert!(!name("00000001.history").is_before(&first));
    }
}
