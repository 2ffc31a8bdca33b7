//! `GET /v1/boletos/slips`

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use comporta_http::{Caller, Problem, Query};
use comporta_kernel::BusinessDate;
use futures_util::stream;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::BoletosRead;
use super::list_boletos::kept_document;
use crate::model::{BoletoId, ImportId, ShownDelivery, Status};
use crate::service::{Boletos, Selection, SlipFile, SlipLayout};
use crate::store::boletos::BoletoFilter;

/// Ids that may be named at once: an address has room for them.
const MOST_IDS: usize = 500;

/// Which boletos, and how their slips lie in the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SlipsQuery {
    /// `sheets`, one to a page, if left out; `booklet`, a carnê for each payer with three to a page in the order of their
    /// days; `zip`, an archive with a PDF for each.
    #[param(inline)]
    #[serde(default)]
    layout: LayoutIn,
    /// Both if left out.
    #[param(inline)]
    status: Option<ToBePaid>,
    /// How the letter stands: with `none`, those that nobody can be sent.
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
    /// These boletos, in this order, instead of all filters: up to 500 ids with commas between them.
    #[param(pattern = "^bol_[0-7][0-9a-hjkmnp-tv-z]{25}(,bol_[0-7][0-9a-hjkmnp-tv-z]{25}){0,499}$")]
    ids: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LayoutIn {
    #[default]
    Sheets,
    Booklet,
    Zip,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ToBePaid {
    Open,
    Overdue,
}

/// The slips of many boletos
///
/// One file of up to 20,000 slips, of boletos that are to be paid. Those of an import come in the order of its file, others
/// as they were issued.
#[utoipa::path(
    get, path = "/v1/boletos/slips", tag = "boletos", operation_id = "getBoletoSlips",
    params(SlipsQuery),
    responses(
        (status = 200, description = "The file", content((String = "application/pdf"), (String = "application/zip")),
            headers(("content-disposition" = String, description = "What the file is called"))),
        (status = 404, description = "No boleto that is to be paid matches"),
        (status = 409, description = "The bank account of one is another one since it was issued"),
        (status = 422, description = "More boletos match than one file has; or one of the ids is none, or not to be paid"),
    ),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn get_slips(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Query(query): Query<SlipsQuery>,
) -> Result<Response, Problem> {
    let (layout, kind) = match query.layout {
        LayoutIn::Sheets => (SlipLayout::Sheets, "application/pdf"),
        LayoutIn::Booklet => (SlipLayout::Booklet, "application/pdf"),
        LayoutIn::Zip => (SlipLayout::Zip, "application/zip"),
    };
    let SlipFile { name, body } = boletos.slips(caller.company(), query.selection()?, layout).await?;
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    let pieces = stream::unfold(body, |mut body| async move { Some((body.recv().await?, body)) });
    Ok((headers, Body::from_stream(pieces)).into_response())
}

impl SlipsQuery {
    fn selection(self) -> Result<Selection, Problem> {
        let Self { status, delivery, due_from, due_to, debt_id, document, q, import_id, .. } = self;
        let status = status.map(|status| match status {
            ToBePaid::Open => Status::Open,
            ToBePaid::Overdue => Status::Overdue,
        });
        let filter = BoletoFilter {
            status,
            delivery,
            due_from,
            due_to,
            debt_id,
            document: kept_document(document),
            q,
            import_id,
            to_be_paid: true,
        };
        let Some(ids) = self.ids else {
            filter.check()?;
            return Ok(Selection::Matching(Box::new(filter)));
        };
        if filter != (BoletoFilter { to_be_paid: true, ..BoletoFilter::default() }) {
            return Err(Problem::invalid_field("?ids", "name boletos or give filters, not both"));
        }
        read_ids(&ids).map(Selection::Named)
    }
}

fn read_ids(text: &str) -> Result<Vec<BoletoId>, Problem> {
    let ids = text.split(',').map(|id| id.trim().parse().ok()).take(MOST_IDS + 1);
    let ids: Option<Vec<BoletoId>> = ids.collect();
    ids.filter(|ids| ids.len() <= MOST_IDS).ok_or_else(|| {
        Problem::invalid_field(
            "?ids",
            format!("expected up to {MOST_IDS} ids of boletos with commas between"),
        )
    })
}
