//! Work of a database as spans of the trace that a request belongs to: by OpenTelemetry's conventions for databases
//! (stable since 1.33).
//!
//! Which span a task works in is the task's own: stores are asked through many hands that have no use for it, and few
//! requests are recorded. Where nobody records, all that this costs is a look at an empty place.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use comporta_kernel::{OpenSpan, SpanContext, SpanKind, SpanValue, Spans};

use crate::error;

const SCOPE: &str = "comporta.db";

tokio::task_local! {
    static CURRENT: Trace;
}

/// The span in which a task works, where it is recorded.
#[derive(Clone, Debug)]
pub struct Trace {
    spans: Spans,
    within: SpanContext,
}

/// What a database is and where, as spans tell it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Place(Arc<Vec<(&'static str, SpanValue)>>);

/// Something that a database does for a request that is recorded. It ends, and is told, when it is dropped.
#[derive(Debug)]
pub struct Work {
    open: OpenSpan,
    place: Place,
    name: Cow<'static, str>,
    operation: Cow<'static, str>,
    collection: Option<Cow<'static, str>>,
    batch: usize,
    failure: Option<&'static str>,
}

impl Trace {
    /// Work within a span that is recorded.
    #[must_use]
    pub const fn new(spans: Spans, within: SpanContext) -> Self {
        Self { spans, within }
    }

    /// The one that this task works in, to be handed to another task that works for it.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Does something within it.
    pub async fn around<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Begins a statement, or several that go together, on a table.
    #[must_use]
    pub fn begin(&self, place: &Place, operation: &'static str, collection: &'static str) -> Work {
        let (operation, collection) = (operation.into(), Some(collection.into()));
        self.work(place, operation, collection)
    }

    /// Begins a transaction: undone unless it is said to be committed.
    pub(crate) fn transaction(place: &Place) -> Option<Work> {
        let trace = Self::current()?;
        let mut work = trace.work(place, "ROLLBACK".into(), None);
        work.name = "transaction".into();
        Some(work)
    }

    /// Begins a statement, by its text.
    pub(crate) fn statement(&self, place: &Place, sql: &str) -> Work {
        let (operation, collection) = summary(sql);
        self.work(place, operation.into(), collection.map(Into::into))
    }

    fn work(
        &self,
        place: &Place,
        operation: Cow<'static, str>,
        collection: Option<Cow<'static, str>>,
    ) -> Work {
        let name = match &collection {
            Some(collection) => format!("{operation} {collection}").into(),
            None => operation.clone(),
        };
        let open = self.spans.begin(self.within);
        Work { open, place: place.clone(), name, operation, collection, batch: 1, failure: None }
    }
}

impl Work {
    /// It serves so many requests at once.
    #[must_use]
    pub const fn of_batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// It came to nothing, for what [`crate::Error::kind`] says.
    pub const fn fails(&mut self, kind: &'static str) {
        self.failure = Some(kind);
    }

    pub(crate) fn fails_if(&mut self, error: Option<&sqlx::Error>) {
        self.failure = error.map(error::kind).or(self.failure);
    }

    pub(crate) fn is_committed(&mut self) {
        self.operation = "COMMIT".into();
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut attributes = Vec::clone(&self.place.0);
        attributes.push(("db.operation.name", SpanValue::Text(std::mem::take(&mut self.operation))));
        attributes.extend(self.collection.take().map(|name| ("db.collection.name", SpanValue::Text(name))));
        if self.batch > 1 {
            attributes.push(("db.operation.batch.size", (self.batch as u64).into()));
        }
        let name = std::mem::take(&mut self.name);
        self.open.end(SCOPE, SpanKind::Client, name, attributes, self.failure.map(Into::into));
    }
}

impl Place {
    /// A server of PostgreSQL, and one of its databases.
    pub(crate) fn postgres(host: &str, port: u16, database: Option<&str>) -> Self {
        let mut known = vec![
            ("db.system.name", "postgresql".into()),
            ("server.address", host.to_owned().into()),
            ("server.port", port.into()),
        ];
        known.extend(database.map(|database| ("db.namespace", database.to_owned().into())));
        Self(Arc::new(known))
    }

    /// A file of SQLite.
    pub(crate) fn sqlite() -> Self {
        Self(Arc::new(vec![("db.system.name", "sqlite".into())]))
    }
}

/// What a statement does, and the first table that it does it to: of few values, and never a value of its own.
fn summary(sql: &str) -> (&'static str, Option<String>) {
    const KNOWN: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut words =
        sql.split(|letter: char| letter.is_whitespace() || letter == '(').filter(|word| !word.is_empty());
    let known = |word: &str| KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(word));
    let Some(operation) = words.by_ref().find_map(known) else { return ("EXECUTE", None) };
    let table = match operation {
        "UPDATE" => words.next(),
        "INSERT" => first_after(words, "INTO"),
        _ => first_after(words, "FROM"),
    };
    let table = table.map(|table| table.split(|letter| !is_part(letter)).next().unwrap_or_default());
    (operation, table.filter(|table| !table.is_empty()).map(str::to_owned))
}

/// The first word after a keyword that begins no statement within the statement.
fn first_after<'a>(words: impl Iterator<Item = &'a str>, keyword: &str) -> Option<&'a str> {
    let mut is_next = false;
    for word in words {
        if is_next && !word.eq_ignore_ascii_case("SELECT") {
            return Some(word);
        }
        is_next = word.eq_ignore_ascii_case(keyword);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_summed_up_by_what_it_does_and_to_which_table() {
        for (sql, operation, table) in [
            ("SELECT id FROM account WHERE name = $1", "SELECT", Some("account")),
            ("select 1", "SELECT", None),
            ("INSERT INTO entry (id) VALUES ('FROM secret')", "INSERT", Some("entry")),
            ("UPDATE job SET taken = 1", "UPDATE", Some("job")),
            ("DELETE FROM usage_minute", "DELETE", Some("usage_minute")),
            ("WITH a AS (SELECT * FROM b) SELECT * FROM c", "SELECT", Some("b")),
            ("SELECT a FROM (SELECT max(b) AS a FROM c) AS d", "SELECT", Some("c")),
            ("PRAGMA wal_checkpoint", "EXECUTE", None),
        ] {
            assert_eq!(summary(sql), (operation, table.map(str::to_owned)), "{sql}");
        }
    }
}
