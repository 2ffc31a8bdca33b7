//! What a database holds, in numbers: to be the same before and after.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Rows of each table, by its name.
pub type Tables = BTreeMap<String, u64>;

/// The tables whose rows never go, so that whoever comes later finds at least as many.
const APPEND_ONLY: [&str; 3] = ["entry", "boleto", "company"];

/// Rows of each table, and the sums of the entries in centavos, as decimal text of any length.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Rows of each table.
    pub tables: Tables,
    /// The sum of all credits.
    pub credits: String,
    /// The sum of all debits.
    pub debits: String,
}

/// A number that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    what: String,
    wanted: String,
    found: String,
}

impl Totals {
    /// Where `found` differs from these.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Vec<Difference> {
        let names =
            self.tables.keys().chain(found.tables.keys().filter(|name| !self.tables.contains_key(*name)));
        let rows = |totals: &Self, name: &String| {
            totals.tables.get(name).map_or_else(|| "no table".to_owned(), u64::to_string)
        };
        let tables = names.map(|name| (format!("rows of {name}"), rows(self, name), rows(found, name)));
        let sums = [("credits", &self.credits, &found.credits), ("debits", &self.debits, &found.debits)];
        let sums =
            sums.map(|(what, wanted, found)| (format!("sum of {what}"), wanted.clone(), found.clone()));
        let all = tables.chain(sums).filter(|(_, wanted, found)| wanted != found);
        all.map(|(what, wanted, found)| Difference { what, wanted, found }).collect()
    }

    /// Where `found`, of a later state of the same database, holds less than it must.
    #[must_use]
    pub fn shortfalls(&self, found: &Self) -> Vec<Difference> {
        let kept = APPEND_ONLY.iter().filter_map(|name| Some((*name, *self.tables.get(*name)?)));
        let short = kept.map(|(name, wanted)| (name, wanted, found.tables.get(name).copied().unwrap_or(0)));
        let short = short.filter(|(_, wanted, found)| found < wanted);
        short
            .map(|(name, wanted, found)| Difference {
                what: format!("rows of {name}"),
                wanted: format!("at least {wanted}"),
                found: found.to_string(),
            })
            .collect()
    }

    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.values().sum()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} expected, {} found", self.what, self.wanted, self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(entries: u64, credits: &str) -> Totals {
        let tables = Tables::from([("entry".to_owned(), entries), ("job".to_owned(), 4)]);
        Totals { tables, credits: credits.to_owned(), debits: "0".to_owned() }
    }

    #[test]
    fn a_row_or_a_centavo_less_is_told() {
        assert_eq!(totals(3, "10").differences(&totals(3, "10")), []);
        let told: Vec<String> =
            totals(3, "10").differences(&totals(2, "9")).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["rows of entry: 3 expected, 2 found", "sum of credits: 10 expected, 9 found"]);
    }

    #[test]
    fn a_table_on_one_side_only_is_told() {
        let mut other = totals(3, "10");
        other.tables.insert("stray".to_owned(), 0);
        assert_eq!(totals(3, "10").differences(&other).len(), 1);
        assert_eq!(other.differences(&totals(3, "10")).len(), 1);
    }

    #[test]
    fn a_later_state_may_hold_more_and_fewer_jobs_but_never_fewer_entries() {
        let mut later = totals(5, "12");
        later.tables.insert("job".to_owned(), 0);
        assert_eq!(totals(3, "10").shortfalls(&later), []);
        assert_eq!(later.shortfalls(&totals(3, "10")).len(), 1);
    }
}
