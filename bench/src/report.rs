//! What was measured, as tables for the eye and JSON for programs.

use std::fmt;
use std::path::Path;

use serde::{Serialize, Serializer};

use crate::Outcome;
use crate::machine::Machine;

/// A column is at least this wide.
const COLUMN: usize = 8;

/// Named figures, in the order of their columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<(&'static str, f64)>);

/// What was measured of one contender.
#[derive(Serialize)]
pub(crate) struct Row {
    name: String,
    pub(crate) figures: Figures,
}

/// How a figure compares with what it should be.
#[derive(Serialize)]
pub(crate) struct Bar {
    what: String,
    measured: f64,
    #[serde(flatten)]
    wanted: Wanted,
    reached: bool,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

/// The result of one case.
#[derive(Serialize)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) how: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) bars: Vec<Bar>,
}

/// Everything one run found.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) sections: Vec<Section>,
}

impl Figures {
    /// With one more figure.
    pub(crate) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.add(name, value);
        self
    }

    /// Adds a figure.
    pub(crate) fn add(&mut self, name: &'static str, value: f64) {
        self.0.push((name, value));
    }

    /// With one more figure if there is one.
    pub(crate) fn with_some(self, name: &'static str, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A figure; not a number when there is none of that name.
    pub(crate) fn get(&self, name: &str) -> f64 {
        self.0.iter().find(|(own, _)| *own == name).map_or(f64::NAN, |(_, value)| *value)
    }

    /// Each figure as so many times another's of the same name.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().map(|&(name, value)| (name, value / other.get(name))).collect())
    }

    /// The median of each figure over several rounds.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let names = rounds.first().map(|round| round.0.iter().map(|(name, _)| *name)).into_iter().flatten();
        Self(names.map(|name| (name, median(rounds.iter().map(|round| round.get(name)).collect()))).collect())
    }
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count => f64::midpoint(values[(count - 1) / 2], values[count / 2]),
    }
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, figures: Figures) -> Self {
        Self { name: name.into(), figures }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Bar {
    pub(crate) fn at_least(what: impl Into<String>, wanted: f64, measured: f64) -> Self {
        Self { what: what.into(), measured, wanted: Wanted::AtLeast(wanted), reached: measured >= wanted }
    }

    pub(crate) fn at_most(what: impl Into<String>, wanted: f64, measured: f64) -> Self {
        Self { what: what.into(), measured, wanted: Wanted::AtMost(wanted), reached: measured <= wanted }
    }
}

impl Section {
    /// Whether every figure is what it should be.
    pub(crate) fn reached(&self) -> bool {
        self.bars.iter().all(|bar| bar.reached)
    }
}

impl Report {
    /// Writes it as JSON.
    pub(crate) fn write(&self, path: &Path) -> Outcome {
        Ok(std::fs::write(path, serde_json::to_vec_pretty(self)?)?)
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.0.iter().copied())
    }
}

impl fmt::Display for Section {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\n{}: {}", self.name, self.how)?;
        let mut shown: Vec<&'static str> = Vec::new();
        for row in &self.rows {
            let columns: Vec<&'static str> = row.figures.0.iter().map(|(name, _)| *name).collect();
            if columns != shown {
                let heads: String = columns.iter().map(|name| format!("  {name:>COLUMN$}")).collect();
                writeln!(out, "  {:<28}{heads}", "")?;
                shown = columns;
            }
            let each =
                |(name, value): &(&str, f64)| format!("  {:>1$}", number(*value), name.len().max(COLUMN));
            let values: String = row.figures.0.iter().map(each).collect();
            writeln!(out, "  {:<28}{values}", row.name)?;
        }
        self.bars.iter().try_for_each(|bar| writeln!(out, "  {bar}"))
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, wanted) = match self.wanted {
            Wanted::AtLeast(wanted) => ("at least", wanted),
            Wanted::AtMost(wanted) => ("at most", wanted),
        };
        let verdict = if self.reached { "reached" } else { "MISSED" };
        write!(out, "{verdict}: {}: {}, wanted {limit} {}", self.what, number(self.measured), number(wanted))
    }
}

/// Three digits or more, no more decimals than that takes.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]).to_bits(), 2.5_f64.to_bits());
        assert_eq!(median(vec![9.0, 1.0, 3.0]).to_bits(), 3.0_f64.to_bits());
    }

    #[test]
    fn each_figure_has_a_median_of_its_own() {
        let rounds =
            [(1.0, 9.0), (2.0, 8.0), (3.0, 1.0)].map(|(a, b)| Figures::default().with("a", a).with("b", b));
        let median = Figures::median(&rounds);
        assert_eq!(serde_json::to_string(&median).unwrap(), r#"{"a":2.0,"b":8.0}"#);
    }

    #[test]
    fn a_bar_says_what_was_wanted() {
        assert_eq!(Bar::at_most("p99 ms", 20.0, 20.5).to_string(), "MISSED: p99 ms: 20.5, wanted at most 20");
        assert_eq!(
            Bar::at_least("rate", 800.0, 8000.0).to_string(),
            "reached: rate: 8000, wanted at least 800"
        );
    }
}
