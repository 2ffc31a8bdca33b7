//! A search as a statement that both engines take: only the conditions that were asked for, so that each finds its index.

use std::fmt::Write as _;

use comporta_kernel::{Timestamp, TypedId as _, Uuid};

use crate::{LoggedRequestId, Search, Whose};

/// What is listed: everything but the details, which are long.
const LISTED: &str = "SELECT id, at, company_id, key_id, request_id, trace_id, method, path, query, route, \
     CAST(status AS bigint) AS status, broken_off, sampled, problem, target, client, bytes_in, bytes_out, who_us, limit_us, \
     before_us, upstream_us, body_us, total_us, ";

/// A statement and what is bound to it, in order.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

/// What is bound to a statement.
#[derive(Debug)]
pub(super) enum Value {
    Uuid(Uuid),
    Text(String),
    Number(i64),
    Instant(Timestamp),
}

/// Binds the values of a statement to its query; `$instant` writes an instant as the engine has it.
macro_rules! bind_all {
    ($query:expr, $values:expr, $instant:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Uuid(id) => query.bind(id),
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
                Value::Instant(at) => query.bind($instant(at)),
            };
        }
        query
    }};
}
pub(super) use bind_all;

/// At most so many rows, the newest first.
pub(super) fn list(search: &Search, limit: u16) -> Statement {
    let mut statement = Statement::new("NULL AS details", search.whose);
    if let Some(from) = search.from {
        statement.add("at >= ?", [Value::Instant(from)]);
    }
    if let Some(to) = search.to {
        statement.add("at < ?", [Value::Instant(to)]);
    }
    if let Some(status) = search.status {
        let bounds = [status.from, status.to].map(|bound| Value::Number(bound.into()));
        statement.add("status BETWEEN ? AND ?", bounds);
    }
    if let Some(route) = &search.route {
        statement.add("route = ?", [Value::Text(route.clone())]);
    }
    if let Some(id) = search.trace_id {
        statement.add("trace_id = ?", [Value::Uuid(id.uuid())]);
    }
    if let Some(id) = &search.request_id {
        statement.add("request_id = ?", [Value::Text(id.clone())]);
    }
    if let Some((at, id)) = search.after {
        statement.add("(at, id) < (?, ?)", [Value::Instant(at), Value::Uuid(id.uuid())]);
    }
    statement.newest(limit.into())
}

pub(super) fn by_id(whose: Whose, id: LoggedRequestId) -> Statement {
    // The id is made of the instant, which says where to look: there is no index of ids.
    let milliseconds = i64::try_from(id.uuid().as_u128() >> 80).unwrap_or_default();
    let instant = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut statement = Statement::new("details", whose);
    statement.add("at >= ?", [Value::Instant(instant(milliseconds))]);
    statement.add("at < ?", [Value::Instant(instant(milliseconds + 1))]);
    statement.add("id = ?", [Value::Uuid(id.uuid())]);
    statement.newest(1)
}

pub(super) fn by_request_id(whose: Whose, id: &str) -> Statement {
    let mut statement = Statement::new("details", whose);
    statement.add("request_id = ?", [Value::Text(id.to_owned())]);
    statement.newest(1)
}

impl Statement {
    fn new(details: &str, whose: Whose) -> Self {
        let mut statement = Self { text: format!("{LISTED}{details} FROM request_log"), values: Vec::new() };
        match whose {
            Whose::Company(id) => statement.add("company_id = ?", [Value::Uuid(id.uuid())]),
            Whose::Nobody => statement.add("company_id IS NULL", []),
            Whose::Anybody => {}
        }
        statement
    }

    /// Adds a condition; a question mark stands for each of its values.
    fn add<const N: usize>(&mut self, condition: &str, values: [Value; N]) {
        self.text.push_str(if self.text.contains(" WHERE ") { " AND " } else { " WHERE " });
        let mut parts = condition.split('?');
        self.text.push_str(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(values) {
            self.values.push(value);
            // Writing to a string cannot fail.
            let _ = write!(self.text, "${}{part}", self.values.len());
        }
    }

    fn newest(mut self, limit: i64) -> Self {
        self.values.push(Value::Number(limit));
        let _ = write!(self.text, " ORDER BY at DESC, id DESC LIMIT ${}", self.values.len());
        self
    }
}
