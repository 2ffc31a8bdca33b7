//! An entry as it comes in and goes out.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use comporta_http::{FieldError, Remembered};
use comporta_kernel::{BusinessDate, Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::model::{AccountId, Category, Description, Entry, EntryId, ExternalId, Kind, Metadata, NewEntry};

/// The entry to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryIn {
    pub(super) kind: Kind,
    /// More than zero; a string with up to two decimals, or a number written so.
    #[schema(value_type = String, example = "150.00", pattern = r"^(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$")]
    pub(super) amount: Money,
    /// What it is.
    #[schema(value_type = String, min_length = 1, max_length = 500, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "Venda no balcão")]
    pub(super) description: Description,
    /// The account; else the company's `main`.
    #[schema(value_type = Option<String>, pattern = "^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub(super) account_id: Option<AccountId>,
    /// The day it belongs to; else the day of `occurred_at` in the account's zone.
    #[schema(value_type = Option<String>, format = Date, example = "2026-03-02")]
    pub(super) business_date: Option<BusinessDate>,
    /// When it happened (RFC 3339 with offset); else now.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-02T10:30:00-03:00")]
    pub(super) occurred_at: Option<Timestamp>,
    /// What it is counted under in reports.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "vendas")]
    pub(super) category: Option<Category>,
    /// Its name in another system; need not be unique.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "nfe-1042")]
    pub(super) external_id: Option<ExternalId>,
    /// More about it, kept as written: a JSON object of at most 8 KiB.
    #[schema(value_type = Option<Object>)]
    pub(super) metadata: Option<Metadata>,
}

impl EntryIn {
    /// The entry, if its fields hold what an entry can.
    pub(super) fn check(self) -> Result<NewEntry, Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.amount <= Money::ZERO {
            errors.push(FieldError::new("/amount", "expected more than 0.00"));
        }
        let occurred_at = self.occurred_at.map(|at| whole_microseconds(at).ok_or(at)).transpose();
        if occurred_at.is_err() {
            errors.push(FieldError::new("/occurred_at", "expected an instant of the years 1900 to 2199"));
        }
        let Ok(occurred_at) = occurred_at else { return Err(errors) };
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(NewEntry {
            account_id: self.account_id,
            kind: self.kind,
            amount: self.amount,
            description: self.description,
            business_date: self.business_date,
            occurred_at,
            category: self.category,
            external_id: self.external_id,
            metadata: self.metadata,
        })
    }
}

/// The instant as both databases can keep it.
fn whole_microseconds(at: Timestamp) -> Option<Timestamp> {
    let utc = comporta_kernel::BusinessDate::from_civil(jiff::tz::TimeZone::UTC.to_datetime(at).date());
    utc.and_then(|_| Timestamp::from_microsecond(at.as_microsecond()).ok())
}

/// A recorded entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
pub(super) struct EntryOut<'a> {
    #[schema(value_type = String, example = "ent_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: EntryId,
    #[schema(value_type = String, example = "acc_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    account_id: AccountId,
    kind: Kind,
    #[schema(value_type = String, example = "150.00")]
    amount: Money,
    #[schema(value_type = String, example = "BRL")]
    currency: Currency,
    #[schema(value_type = String, format = Date, example = "2026-03-02")]
    business_date: BusinessDate,
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T13:30:00Z")]
    occurred_at: Timestamp,
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T13:30:00.123456Z")]
    recorded_at: Timestamp,
    #[schema(example = "Venda no balcão")]
    description: &'a str,
    #[schema(example = "vendas")]
    category: Option<&'a str>,
    #[schema(example = "nfe-1042")]
    external_id: Option<&'a str>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
    /// The entry it takes back.
    #[schema(value_type = Option<String>)]
    reverses: Option<EntryId>,
    /// The entry that takes it back.
    #[schema(value_type = Option<String>)]
    reversed_by: Option<EntryId>,
}

impl<'a> From<&'a Entry> for EntryOut<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            id: entry.id,
            account_id: entry.account_id,
            kind: entry.kind,
            amount: entry.amount,
            currency: entry.currency,
            business_date: entry.business_date,
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            description: &entry.description,
            category: entry.category.as_deref(),
            external_id: entry.external_id.as_deref(),
            metadata: entry.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            reverses: entry.reverses,
            reversed_by: entry.reversed_by,
        }
    }
}

/// A 201 with the entry, marked when the same request recorded it before.
pub(super) fn created(entry: &Entry, replayed: bool) -> Response {
    let mut response = (StatusCode::CREATED, axum::Json(EntryOut::from(entry))).into_response();
    if let Ok(place) = HeaderValue::try_from(format!("/v1/entries/{}", entry.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    if replayed { Remembered::replayed(response) } else { response }
}
