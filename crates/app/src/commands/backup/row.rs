//! A backup as a row of a table, or as JSON.

use comporta_backup::{Found, Manifest, Totals};
use comporta_kernel::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::commands::operator::json;

pub(super) const COLUMNS: &[&str] =
    &["id", "kind", "started_at", "bytes", "rows", "encrypted", "condition", "checked_at", "fault"];

#[derive(Serialize)]
struct Row<'a> {
    id: String,
    kind: Option<&'static str>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    made_by: Option<&'a str>,
    bytes: Option<u64>,
    rows: Option<u64>,
    encrypted: Option<bool>,
    condition: String,
    checked_at: Option<Timestamp>,
    fault: Option<String>,
}

pub(super) fn of(found: &Found) -> Value {
    let manifest = found.manifest.as_ref().ok();
    let check = found.check.as_ref();
    let unread = found.manifest.as_ref().err().map(ToString::to_string);
    json(&Row {
        id: found.id.to_string(),
        kind: manifest.map(|manifest| manifest.kind.name()),
        started_at: manifest.map(|manifest| manifest.started_at),
        finished_at: manifest.map(|manifest| manifest.finished_at),
        made_by: manifest.map(|manifest| manifest.made_by.as_str()),
        bytes: manifest.map(Manifest::size),
        rows: manifest.map(|manifest| manifest.totals.rows()),
        encrypted: manifest.map(|manifest| manifest.key.is_some()),
        condition: found.condition().to_string(),
        checked_at: check.map(|check| check.at),
        fault: unread.or_else(|| check.and_then(|check| check.fault.clone())),
    })
}

/// Centavos as money is written.
pub(super) fn money(centavos: &str) -> String {
    let (sign, digits) = centavos.strip_prefix('-').map_or(("", centavos), |digits| ("-", digits));
    let digits = format!("{digits:0>3}");
    let (whole, cents) = digits.split_at(digits.len() - 2);
    format!("{sign}{whole}.{cents}")
}

/// How many rows of what people ask for first.
pub(super) fn rows(totals: &Totals, table: &str) -> u64 {
    totals.tables.get(table).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centavos_are_written_as_money() {
        for (centavos, written) in [("0", "0.00"), ("5", "0.05"), ("12345", "123.45"), ("-7", "-0.07")] {
            assert_eq!(money(centavos), written);
        }
    }
}
