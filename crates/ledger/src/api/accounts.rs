//! `GET` and `POST /v1/accounts`, `GET /v1/accounts/{id}`

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Creation, Cursor, Page, Path, Problem, Query, Remembered, page_limit};
use comporta_kernel::{BusinessDate, Currency, Money, Timestamp, Total, Zone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{LedgerRead, LedgerWrite};
use crate::model::{Account, AccountId, NewAccount, Text};
use crate::service::{CreatedAccount, Ledger};

/// The account to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountIn {
    /// Unique in the company.
    #[schema(value_type = String, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "Caixa da loja 2")]
    name: Text<100>,
    /// An ISO 4217 code of two decimals; else the installation's.
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "BRL")]
    currency: Option<Currency>,
    /// An IANA zone, whose calendar cuts the days; else the installation's.
    #[schema(value_type = Option<String>, example = "America/Sao_Paulo")]
    time_zone: Option<Zone>,
    /// What it held before its first entry; may be negative.
    #[schema(value_type = Option<String>, example = "1000.00", pattern = r"^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$")]
    opening_balance: Option<Money>,
    /// The day at whose start the opening balance stands; else today.
    #[schema(value_type = Option<String>, format = Date, example = "2026-01-01")]
    opening_date: Option<BusinessDate>,
}

/// An account and what it holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountOut<'a> {
    #[schema(value_type = String, example = "acc_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: AccountId,
    #[schema(example = "main")]
    name: &'a str,
    #[schema(value_type = String, example = "BRL")]
    currency: Currency,
    #[schema(value_type = String, example = "America/Sao_Paulo")]
    time_zone: &'a Zone,
    #[schema(value_type = String, example = "0.00")]
    opening_balance: Money,
    #[schema(value_type = String, format = Date)]
    opening_date: BusinessDate,
    /// At the end of today, by its own calendar: entries dated later are not in it.
    #[schema(value_type = String, example = "150.00")]
    balance: Total,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl<'a> AccountOut<'a> {
    fn new(account: &'a Account, balance: Total) -> Self {
        Self {
            id: account.id,
            name: &account.name,
            currency: account.currency,
            time_zone: &account.time_zone,
            opening_balance: account.opening_balance,
            opening_date: account.opening_date,
            balance,
            created_at: account.created_at,
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AccountsQuery {
    /// Rows of a page, 1 to 500; 50 if left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Add an account
#[utoipa::path(
    post, path = "/v1/accounts", tag = "accounts", operation_id = "createAccount",
    params(("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat for two days", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body = AccountIn,
    responses((status = 201, description = "Added", body = AccountOut<'static>), (status = 409, description = "The name is taken")),
    security(("api_key" = ["ledger:write"])),
)]
pub(super) async fn create_account(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerWrite>,
    Creation { body, key }: Creation<AccountIn>,
) -> Result<Response, Problem> {
    let AccountIn { name, currency, time_zone, opening_balance, opening_date } = body;
    let new = NewAccount { name, currency, time_zone, opening_balance, opening_date };
    let answer =
        |account: &Account, balance| Remembered::new(StatusCode::CREATED, &AccountOut::new(account, balance));
    Ok(match ledger.create_account(caller.company(), new, key.as_ref(), answer).await? {
        CreatedAccount::Before(answer) => answer.into_response(),
        CreatedAccount::Now(account, balance) => {
            let place = [(header::LOCATION, format!("/v1/accounts/{}", account.id))];
            (StatusCode::CREATED, place, Json(AccountOut::new(&account, balance))).into_response()
        }
    })
}

/// One account with its balance
#[utoipa::path(
    get, path = "/v1/accounts/{id}", tag = "accounts", operation_id = "getAccount",
    params(("id" = String, Path, description = "The account's id", pattern = "^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The account", body = AccountOut<'static>), (status = 404, description = "No such account")),
    security(("api_key" = ["ledger:read"])),
)]
pub(super) async fn get_account(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerRead>,
    Path(id): Path<AccountId>,
) -> Result<Response, Problem> {
    let (account, balance) = ledger.account(caller.company(), id).await?;
    Ok(Json(AccountOut::new(&account, balance)).into_response())
}

/// Accounts with their balances, in the order they were made
#[utoipa::path(
    get, path = "/v1/accounts", tag = "accounts", operation_id = "listAccounts",
    params(AccountsQuery),
    responses((status = 200, description = "A page of accounts", body = Page<AccountOut<'static>>)),
    security(("api_key" = ["ledger:read"])),
)]
pub(super) async fn list_accounts(
    State(ledger): State<Ledger>,
    caller: Caller<LedgerRead>,
    Query(query): Query<AccountsQuery>,
) -> Result<Response, Problem> {
    let limit = page_limit(query.limit)?;
    let ((), after) = Cursor::<(), AccountId>::resume((), query.cursor.as_deref())?;
    let accounts = ledger.accounts(caller.company(), after, limit + 1).await?;
    let page = Page::cut(accounts, limit, |(last, _)| Cursor { filter: (), after: last.id }.encode());
    let data = page.data.iter().map(|(account, balance)| AccountOut::new(account, *balance)).collect();
    Ok(Json(Page { data, next_cursor: page.next_cursor }).into_response())
}
