//! `GET` and `POST /v1/bank-accounts`, `GET` and `PATCH /v1/bank-accounts/{id}`

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use comporta_http::{
    Caller, Creation, Cursor, Json as JsonBody, Page, Path, Problem, Query, Remembered, page_limit,
};
use comporta_kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::{BoletosRead, BoletosWrite};
use crate::model::{AccountDocument, BankAccountId, KeptAccount};
use crate::service::{AccountChange, Boletos, Outcome};

/// A bank account: what its owner wrote, and two fields more.
#[derive(Debug, Serialize)]
pub(super) struct AccountOut<'a> {
    id: BankAccountId,
    #[serde(flatten)]
    document: &'a AccountDocument,
    created_at: Timestamp,
}

/// Written out, because a document that takes no other fields cannot be a part of a larger one.
impl PartialSchema for AccountOut<'_> {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut object)) = AccountDocument::schema() else { return RefOr::default() };
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let at = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        object.description = Some("A bank account.".to_owned());
        object.additional_properties = None;
        object.properties.insert("id".to_owned(), text().build().into());
        object.properties.insert("created_at".to_owned(), at.build().into());
        object.required.extend(["id", "created_at"].map(str::to_owned));
        RefOr::T(Schema::Object(object))
    }
}

impl ToSchema for AccountOut<'_> {
    fn name() -> Cow<'static, str> {
        "BankAccount".into()
    }
}

impl<'a> From<&'a KeptAccount> for AccountOut<'a> {
    fn from(account: &'a KeptAccount) -> Self {
        Self { id: account.id, document: &account.document, created_at: account.created_at }
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

/// Add a bank account
///
/// Which fields it needs, and of what form, is the bank's rule. The first one is the company's default.
#[utoipa::path(
    post, path = "/v1/bank-accounts", tag = "bank accounts", operation_id = "addBankAccount",
    params(("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat for two days", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body = AccountDocument,
    responses((status = 201, description = "Added", body = AccountOut<'static>)),
    security(("api_key" = ["boletos:write"])),
)]
pub(super) async fn add_bank_account(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosWrite>,
    Creation { body, key }: Creation<AccountDocument>,
) -> Result<Response, Problem> {
    let answer = |account: &KeptAccount| Remembered::new(StatusCode::CREATED, &AccountOut::from(account));
    Ok(match boletos.add_account(caller.company(), body, key.as_ref(), answer).await? {
        Outcome::Repeated(answer) => answer.into_response(),
        Outcome::Done(account) => {
            let place = [(header::LOCATION, format!("/v1/bank-accounts/{}", account.id))];
            (StatusCode::CREATED, place, Json(AccountOut::from(&account))).into_response()
        }
    })
}

/// One bank account
#[utoipa::path(
    get, path = "/v1/bank-accounts/{id}", tag = "bank accounts", operation_id = "getBankAccount",
    params(("id" = String, Path, description = "The account's id", pattern = "^bac_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The account", body = AccountOut<'static>), (status = 404, description = "No such account")),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn get_bank_account(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Path(id): Path<BankAccountId>,
) -> Result<Response, Problem> {
    let account = boletos.find_account(caller.company(), id).await?;
    Ok(Json(AccountOut::from(&account)).into_response())
}

/// Change a bank account
///
/// Fields that are left out stay; null takes one away. Boletos that were issued keep their barcodes.
#[utoipa::path(
    patch, path = "/v1/bank-accounts/{id}", tag = "bank accounts", operation_id = "changeBankAccount",
    params(("id" = String, Path, description = "The account's id", pattern = "^bac_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    request_body = Object,
    responses((status = 200, description = "Changed", body = AccountOut<'static>), (status = 404, description = "No such account")),
    security(("api_key" = ["boletos:write"])),
)]
pub(super) async fn change_bank_account(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosWrite>,
    Path(id): Path<BankAccountId>,
    JsonBody(change): JsonBody<serde_json::Map<String, serde_json::Value>>,
) -> Result<Response, Problem> {
    let account = boletos.change_account(caller.company(), id, AccountChange(change)).await?;
    Ok(Json(AccountOut::from(&account)).into_response())
}

/// Bank accounts, in the order they were added
#[utoipa::path(
    get, path = "/v1/bank-accounts", tag = "bank accounts", operation_id = "listBankAccounts",
    params(AccountsQuery),
    responses((status = 200, description = "A page of bank accounts", body = Page<AccountOut<'static>>)),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn list_bank_accounts(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Query(query): Query<AccountsQuery>,
) -> Result<Response, Problem> {
    let limit = page_limit(query.limit)?;
    let ((), after) = Cursor::<(), BankAccountId>::resume((), query.cursor.as_deref())?;
    let accounts = boletos.accounts(caller.company(), after, limit + 1).await?;
    let page = Page::cut(accounts, limit, |last| Cursor { filter: (), after: last.id }.encode());
    let data = page.data.iter().map(AccountOut::from).collect();
    Ok(Json(Page { data, next_cursor: page.next_cursor }).into_response())
}
