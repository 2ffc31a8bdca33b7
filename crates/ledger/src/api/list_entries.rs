//! `GET /v1/entries`

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Cursor, Page, Problem, Query, page_limit};
use comporta_kernel::BusinessDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::LedgerRead;
use super::entry_shape::EntryOut;
use crate::model::{AccountId, Category, ExternalId, Kind, Text};
use crate::service::Ledger;
use crate::store::{EntryFilter, EntryPlace};

/// Which entries, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntriesQuery {
    /// The first business day.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<BusinessDate>,
    /// The last business day.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<BusinessDate>,
    /// Only this account's; else all of the company's.
    #[param(value_type = Option<String>, pattern = "^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    account_id: Option<AccountId>,
    #[param(inline)]
    kind: Option<Kind>,
    #[param(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    category: Option<Category>,
    #[param(value_type = Option<String>, min_length = 1, max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    external_id: Option<ExternalId>,
    /// Part of the description; ASCII letters match either case.
    #[param(value_type = Option<String>, min_length = 1, max_length = 500, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    q: Option<Text<500>>,
    /// Rows of a page, 1 to 500; 50 if left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before; it carries the filters.
    cursor: Option<String>,
}

/// Entries, newest day first
#[utoipa::path(
    get, path = "/v1/entries", tag = "entries", operation_id = "listEntries",
    params(EntriesQuery),
    responses((status = 200, description = "A page of entries", body = Page<EntryOut<'static>>), (status = 404, description = "No such account")),
    security(("api_key" = ["ledger:read"])),
)]
pub(super) async fn list_entries(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerRead>,
    Query(query): Query<EntriesQuery>,
) -> Result<Response, Problem> {
    let limit = page_limit(query.limit)?;
    let given = EntryFilter {
        from: query.from,
        to: query.to,
        account_id: query.account_id,
        kind: query.kind,
        category: query.category,
        external_id: query.external_id,
        q: query.q,
    };
    let (filter, after) = Cursor::<EntryFilter, EntryPlace>::resume(given, query.cursor.as_deref())?;
    let entries = ledger.entries(caller.company(), &filter, after, limit + 1).await?;
    let page = Page::cut(entries, limit, |last| {
        Cursor { filter, after: EntryPlace { day: last.business_date, id: last.id } }.encode()
    });
    let shown = Page { data: page.data.iter().map(EntryOut::from).collect(), next_cursor: page.next_cursor };
    Ok(axum::Json(shown).into_response())
}
