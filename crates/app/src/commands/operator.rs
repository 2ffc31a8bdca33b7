//! What the operator's commands share: they work straight on the database and show a row or a table.

use clap::Args;
use comporta_kernel::{Clock, Rng};
use comporta_partners::Actor;
use serde::Serialize;
use serde_json::Value;

use super::{Error, block_on, print};
use crate::arguments::SettingsArgs;
use crate::settings::{Environment, Settings};
use crate::wiring::App;

/// Rows fetched at a time.
pub(super) const PAGE: u16 = 500;
const BETWEEN_COLUMNS: &str = "  ";

/// Flags of every command of the operator's.
#[derive(Args, Clone, Debug)]
pub struct OperatorArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Print JSON, for machines
    #[arg(long)]
    json: bool,
}

/// What a command found or made.
pub(super) enum Answer {
    /// One thing, a line for each of its fields.
    One(Value),
    /// A list, with the fields to show of each row.
    Many(&'static [&'static str], Vec<Value>),
}

impl OperatorArgs {
    /// Opens the installation, does the work, and prints what came of it.
    pub(super) fn run(
        &self,
        environment: &Environment,
        work: impl AsyncFnOnce(&App) -> Result<Answer, Error>,
    ) -> Result<(), Error> {
        let settings = self.load(environment)?;
        block_on(async {
            let app = App::open(settings, Clock::system(), Rng::system()).await?;
            let app = App { partners: app.partners.acting(Actor::command_line()), ..app };
            let answer = work(&app).await;
            app.db.close().await;
            print(&self.shown(&answer?))
        })
    }

    /// The settings that these flags choose.
    pub(super) fn load(&self, environment: &Environment) -> Result<Settings, Error> {
        Ok(self.settings.load(environment)?)
    }

    /// The answer as it was asked for.
    pub(super) fn shown(&self, answer: &Answer) -> String {
        match answer {
            Answer::One(value) if self.json => format!("{value:#}\n"),
            Answer::Many(_, rows) if self.json => format!("{:#}\n", Value::Array(rows.clone())),
            Answer::One(value) => card(value),
            Answer::Many(columns, rows) => table(columns, rows),
        }
    }
}

impl Answer {
    /// One thing, as the administration's API would write it.
    pub(super) fn one(thing: &impl Serialize) -> Self {
        Self::One(json(thing))
    }
}

/// A thing as the administration's API would write it.
pub(super) fn json(thing: &impl Serialize) -> Value {
    serde_json::to_value(thing).unwrap_or_default()
}

fn card(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    let mut lines: Vec<[String; 2]> = fields.map(|(name, value)| [name.clone(), cell(value)]).collect();
    lines.sort_by_key(|[name, _]| name != "id");
    aligned(&lines)
}

fn table(columns: &[&str], rows: &[Value]) -> String {
    let head = columns.iter().map(|name| name.to_uppercase()).collect();
    let body = rows.iter().map(|row| columns.iter().map(|name| cell(&row[*name])).collect());
    aligned(&std::iter::once(head).chain(body).collect::<Vec<Vec<String>>>())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name}={}", cell(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn aligned<Row: AsRef<[String]>>(rows: &[Row]) -> String {
    let columns = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.as_ref().get(column)).map(|text| text.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).filter_map(width).collect();
    let line = |row: &Row| {
        let cells = row.as_ref().iter().zip(&widths).map(|(text, width)| format!("{text:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join(BETWEEN_COLUMNS).trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_aligned_and_shows_nothing_as_a_dash() {
        let rows = [
            json!({"id": "a", "name": "Água", "end": null, "other": 1}),
            json!({"id": "bcd", "name": "x", "end": "soon", "other": 2}),
        ];
        let expected = "ID   NAME  END\na    Água  -\nbcd  x     soon\n";
        assert_eq!(table(&["id", "name", "end"], &rows), expected);
    }

    #[test]
    fn a_card_has_a_line_for_each_field_the_id_first() {
        let value = json!({"end": null, "id": "a", "scopes": ["x", "y"], "previous": {"id": "b"}});
        assert_eq!(card(&value), "id        a\nend       -\nprevious  id=b\nscopes    x y\n");
    }
}
