//! `GET /v1/boletos`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Cursor, Page, Problem, Query, page_limit};
use comporta_kernel::BusinessDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::BoletosRead;
use super::boleto_shape::BoletoOut;
use crate::model::{BoletoId, DocumentProfile, ImportId, PayerDocument, ShownDelivery, Status};
use crate::service::Boletos;
use crate::store::boletos::BoletoFilter;

/// Which boletos, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BoletosQuery {
    #[param(inline)]
    status: Option<Status>,
    /// How the letter stands; `unknown` lists those of which nobody knows whether they were sent.
    #[param(inline)]
    delivery: Option<ShownDelivery>,
    /// The first due date.
    #[param(value_type = Option<String>, format = Date)]
    due_from: Option<BusinessDate>,
    /// The last due date.
    #[param(value_type = Option<String>, format = Date)]
    due_to: Option<BusinessDate>,
    /// The debt's; there is one boleto at most.
    debt_id: Option<String>,
    /// The payer's; a CPF or CNPJ without points.
    document: Option<String>,
    /// Part of the payer's name; ASCII letters match either case.
    q: Option<String>,
    /// The import that they came from.
    #[param(value_type = Option<String>, pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    import_id: Option<ImportId>,
    /// Rows of a page, 1 to 500; 50 if left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before; it carries the filters.
    cursor: Option<String>,
}

/// Boletos, newest first
#[utoipa::path(
    get, path = "/v1/boletos", tag = "boletos", operation_id = "listBoletos",
    params(BoletosQuery),
    responses((status = 200, description = "A page of boletos", body = Page<BoletoOut<'static>>)),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn list_boletos(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Query(query): Query<BoletosQuery>,
) -> Result<Response, Problem> {
    let limit = page_limit(query.limit)?;
    let BoletosQuery { status, delivery, due_from, due_to, debt_id, document, q, import_id, cursor, .. } =
        query;
    let to_be_paid = false;
    let given = BoletoFilter {
        status,
        delivery,
        due_from,
        due_to,
        debt_id,
        document: kept_document(document),
        q,
        import_id,
        to_be_paid,
    };
    let (filter, after) = Cursor::<BoletoFilter, BoletoId>::resume(given, cursor.as_deref())?;
    filter.check()?;
    let rows = boletos.list(caller.company(), &filter, after, limit + 1).await?;
    let page = Page::cut(rows, limit, |last| Cursor { filter, after: last.id }.encode());
    let codes = boletos.pix_codes(caller.company(), &page.data).await?;
    let today = boletos.today();
    let data = page.data.iter().map(|boleto| BoletoOut::new(boleto, &codes, today)).collect();
    Ok(Json(Page { data, next_cursor: page.next_cursor }).into_response())
}

impl BoletoFilter {
    /// A cursor brings texts back from outside: they are checked each time. No text in the database has a NUL.
    pub(super) fn check(&self) -> Result<(), Problem> {
        for (name, text) in [("?debt_id", &self.debt_id), ("?document", &self.document), ("?q", &self.q)] {
            let is_good =
                |text: &String| (1..=200).contains(&text.len()) && !text.chars().any(char::is_control);
            if text.as_ref().is_some_and(|text| !is_good(text)) {
                return Err(Problem::invalid_field(
                    name,
                    "expected 1 to 200 characters, none of them control characters",
                ));
            }
        }
        Ok(())
    }
}

/// A payer's document as it is kept, however it is written.
pub(super) fn kept_document(text: Option<String>) -> Option<String> {
    text.map(|text| match PayerDocument::parse(&text, DocumentProfile::Any) {
        Ok(document) => document.as_str().to_owned(),
        Err(_) => text,
    })
}
