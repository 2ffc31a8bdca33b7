//! How kernel words stand in columns: PostgreSQL keeps instants as timestamptz and days as date, SQLite instants
//! as microseconds since 1970 and days as text.

use std::str::FromStr;

use comporta_kernel::{BusinessDate, Timestamp};
use jiff_sqlx::ToSqlx as _;

use crate::Error;

pub use jiff_sqlx::{Date as PgDate, Timestamp as PgInstant};

/// An instant for a PostgreSQL column.
#[must_use]
pub fn pg_instant(instant: Timestamp) -> PgInstant {
    instant.to_sqlx()
}

/// A day for a PostgreSQL column.
#[must_use]
pub fn pg_date(day: BusinessDate) -> PgDate {
    day.civil().to_sqlx()
}

/// A day from a PostgreSQL column.
///
/// # Errors
/// [`Error::Corrupt`] outside the ledger's years.
pub fn from_pg_date(date: PgDate, column: &'static str) -> Result<BusinessDate, Error> {
    BusinessDate::from_civil(date.to_jiff()).ok_or(Error::Corrupt { column })
}

/// An instant for an SQLite column.
#[must_use]
pub fn to_micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// An instant from an SQLite column.
///
/// # Errors
/// [`Error::Corrupt`] outside the years an instant can have.
pub fn from_micros(micros: i64, column: &'static str) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|_| Error::Corrupt { column })
}

/// A word kept as text, such as a currency, or a day in SQLite.
///
/// # Errors
/// [`Error::Corrupt`] when it does not read.
pub fn from_text<T: FromStr>(text: &str, column: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::Corrupt { column })
}
