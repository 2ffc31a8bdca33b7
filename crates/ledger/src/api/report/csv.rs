//! The cash-flow report as comma-separated values.

use super::{CashFlowOut, Row};

/// One header line and a line per row.
pub(super) fn write(report: &CashFlowOut) -> Vec<u8> {
    let mut out = ::csv::Writer::from_writer(Vec::new());
    let by_category = matches!(report.group_by, crate::model::GroupBy::Category);
    let header: &[&str] = if by_category {
        &["category", "credits", "debits", "net", "entries"]
    } else {
        &["from", "to", "opening", "credits", "debits", "net", "closing", "entries"]
    };
    // Writing to memory cannot fail; a line that is not there would be seen by the tests.
    let _ = out.write_record(header);
    for row in &report.rows {
        let _ = out.write_record(fields(row));
    }
    out.into_inner().unwrap_or_default()
}

fn fields(row: &Row) -> Vec<String> {
    match row {
        Row::Time(row) => vec![
            row.from.to_string(),
            row.to.to_string(),
            row.opening.to_string(),
            row.credits.to_string(),
            row.debits.to_string(),
            row.net.to_string(),
            row.closing.to_string(),
            row.entries.to_string(),
        ],
        Row::Category(row) => vec![
            plain(row.category.as_deref().unwrap_or_default()),
            row.credits.to_string(),
            row.debits.to_string(),
            row.net.to_string(),
            row.entries.to_string(),
        ],
    }
}

/// A text that a spreadsheet would run as a formula gets an apostrophe, which makes it text there.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() }
}
