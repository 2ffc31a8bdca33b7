//! One movement of money: a credit or a debit, on a day, never changed once recorded.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{BusinessDate, Currency, Money, Timestamp, define_id};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::AccountId;

define_id!(
    /// An entry of the ledger.
    EntryId,
    "ent"
);

/// Whether money came in or went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Money in.
    Credit,
    /// Money out.
    Debit,
}

impl Kind {
    /// The word kept in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
        }
    }

    /// What a reversal is.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Credit => Self::Debit,
            Self::Debit => Self::Credit,
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "credit" => Ok(Self::Credit),
            "debit" => Ok(Self::Debit),
            _ => Err(()),
        }
    }
}

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {longest} characters without control characters")]
pub struct TextError {
    longest: usize,
}

/// A line of text of 1 to `LONGEST` characters, none of them a control character.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text<const LONGEST: usize>(String);

/// What an entry says of itself.
pub type Description = Text<500>;
/// What an entry is counted under in reports.
pub type Category = Text<100>;
/// An entry's name in another system.
pub type ExternalId = Text<200>;

impl<const LONGEST: usize> Text<LONGEST> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const LONGEST: usize> FromStr for Text<LONGEST> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let good = !text.is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
        if good { Ok(Self(text.to_owned())) } else { Err(TextError { longest: LONGEST }) }
    }
}

impl<const LONGEST: usize> fmt::Debug for Text<LONGEST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const LONGEST: usize> serde::Serialize for Text<LONGEST> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0)
    }
}

impl<'de, const LONGEST: usize> Deserialize<'de> for Text<LONGEST> {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A JSON object of the caller's own, kept as it was written: at most 8 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata(String);

impl Metadata {
    const LONGEST: usize = 8 * 1024;

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(input)?;
        let text = raw.get();
        if text.starts_with('{') && text.len() <= Self::LONGEST {
            Ok(Self(text.to_owned()))
        } else {
            Err(serde::de::Error::custom("expected a JSON object of at most 8 KiB"))
        }
    }
}

/// An entry somebody asks for, its fields already valid one by one.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The account, or the company's `main`.
    pub account_id: Option<AccountId>,
    /// Money in or out.
    pub kind: Kind,
    /// More than zero.
    pub amount: Money,
    /// What it is.
    pub description: Description,
    /// The day it belongs to; else the day of `occurred_at` in the account's zone.
    pub business_date: Option<BusinessDate>,
    /// When it happened; else now.
    pub occurred_at: Option<Timestamp>,
    /// What it is counted under.
    pub category: Option<Category>,
    /// Its name elsewhere.
    pub external_id: Option<ExternalId>,
    /// More about it.
    pub metadata: Option<Metadata>,
}

/// A recorded entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The account it moves.
    pub account_id: AccountId,
    /// Money in or out.
    pub kind: Kind,
    /// More than zero.
    pub amount: Money,
    /// The account's currency.
    pub currency: Currency,
    /// The day it belongs to.
    pub business_date: BusinessDate,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What it is.
    pub description: String,
    /// What it is counted under.
    pub category: Option<String>,
    /// Its name elsewhere.
    pub external_id: Option<String>,
    /// More about it: a JSON object's text.
    pub metadata: Option<String>,
    /// The entry it takes back.
    pub reverses: Option<EntryId>,
    /// The entry that takes it back.
    pub reversed_by: Option<EntryId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_plain_line_that_both_databases_can_hold() {
        assert!("Venda à vista — 3 × R$ 10 💰".parse::<Description>().is_ok());
        assert!("é".repeat(100).parse::<Category>().is_ok());
        for wrong in [String::new(), "a\0b".into(), "a\nb".into(), "é".repeat(101)] {
            assert!(wrong.parse::<Category>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn metadata_is_an_object_kept_as_written() {
        let kept: Metadata = serde_json::from_str(r#"{"n": 1.10, "deep": {"a": [1]}}"#).unwrap();
        assert_eq!(kept.as_str(), r#"{"n": 1.10, "deep": {"a": [1]}}"#);
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(9_000));
        for wrong in ["[]", "1", "null", "\"{}\"", long.as_str()] {
            assert!(serde_json::from_str::<Metadata>(wrong).is_err(), "{wrong:.20}");
        }
    }
}
