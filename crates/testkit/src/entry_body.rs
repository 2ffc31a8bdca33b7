//! Entries as a caller writes them.

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The JSON of one new entry, built field by field.
#[derive(Clone, Debug)]
pub struct EntryBody(Map<String, Value>);

impl EntryBody {
    /// A credit of so many centavos.
    #[must_use]
    pub fn credit(centavos: i64, description: &str) -> Self {
        Self::new("credit", centavos, description)
    }

    /// A debit of so many centavos.
    #[must_use]
    pub fn debit(centavos: i64, description: &str) -> Self {
        Self::new("debit", centavos, description)
    }

    /// On this account instead of `main`.
    #[must_use]
    pub fn account(self, id: &str) -> Self {
        self.with("account_id", json!(id))
    }

    /// On this business day, `YYYY-MM-DD`.
    #[must_use]
    pub fn on(self, day: &str) -> Self {
        self.with("business_date", json!(day))
    }

    /// Happened at this instant (RFC 3339), which then gives the business day.
    #[must_use]
    pub fn at(self, instant: &str) -> Self {
        self.with("occurred_at", json!(instant))
    }

    /// With any field set to any value, right or wrong.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.0.insert(field.to_owned(), value);
        self
    }

    fn new(kind: &str, centavos: i64, description: &str) -> Self {
        let fields = [
            ("kind", json!(kind)),
            ("amount", json!(format!("{}.{:02}", centavos / 100, centavos % 100))),
            ("description", json!(description)),
        ];
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl From<&EntryBody> for Value {
    fn from(entry: &EntryBody) -> Self {
        Self::Object(entry.0.clone())
    }
}

impl From<&EntryBody> for Bytes {
    fn from(entry: &EntryBody) -> Self {
        Value::from(entry).to_string().into()
    }
}

/// The body of a batch.
pub fn batch<'a>(entries: impl IntoIterator<Item = &'a EntryBody>) -> Bytes {
    let entries: Vec<Value> = entries.into_iter().map(Value::from).collect();
    json!({ "entries": entries }).to_string().into()
}
