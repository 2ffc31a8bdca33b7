//! `GET /v1/boleto-imports/{id}/report`

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use comporta_http::{Caller, Path, Problem as HttpProblem, Query};
use comporta_kernel::CompanyId;
use futures_util::{TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::BoletosRead;
use crate::error::Error;
use crate::model::{Column, ImportId, Problem};
use crate::service::Boletos;

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportQuery {
    /// `csv` if left out.
    #[param(inline)]
    #[serde(default)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Csv,
    Ndjson,
}

/// A line of the report.
#[derive(Serialize)]
struct Line {
    line: u64,
    column: &'static str,
    code: &'static str,
    message: &'static str,
}

/// Rows that were not issued, or were with a warning
///
/// A line for each: `line,column,code,message`, by chunks of the file and within them by line. While the import runs:
/// those of the rows read so far.
#[utoipa::path(
    get, path = "/v1/boleto-imports/{id}/report", tag = "imports", operation_id = "reportBoletoImport",
    params(("id" = String, Path, description = "The import's id", pattern = "^imp_[0-7][0-9a-hjkmnp-tv-z]{25}$"), ReportQuery),
    responses((status = 200, description = "The report", body = String, content_type = "text/csv"), (status = 404, description = "No such import")),
    security(("api_key" = ["boletos:read"])),
)]
pub(super) async fn import_report(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosRead>,
    Path(id): Path<ImportId>,
    Query(ReportQuery { format }): Query<ReportQuery>,
) -> Result<Response, HttpProblem> {
    let company = caller.company();
    boletos.import(company, id).await?;
    let pages = stream::try_unfold(0, move |chunk| page(boletos.clone(), company, id, chunk, format));
    let kind = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Ndjson => "application/x-ndjson",
    };
    let pieces = pages.map_ok(|page| stream::iter(pieces(page).map(Ok::<_, Error>))).try_flatten();
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(pieces)).into_response())
}

/// The lines of one chunk of the file: never more in memory.
async fn page(
    boletos: Boletos,
    company: CompanyId,
    id: ImportId,
    chunk: u32,
    format: Format,
) -> Result<Option<(Bytes, u32)>, Error> {
    let problems = boletos.problems(company, id, chunk).await?;
    let is_head = chunk == 0 && format == Format::Csv;
    let Some(problems) = problems else {
        // A file of a header alone has no chunk, but its report has a head.
        return Ok(is_head.then(|| (Bytes::from_static(HEAD), u32::MAX)));
    };
    let mut out = if is_head { HEAD.to_vec() } else { Vec::new() };
    for Problem(line, column, code) in problems {
        let line = Line {
            line,
            column: column.map_or("", Column::name),
            code: code.as_str(),
            message: code.message(),
        };
        line.write(format, &mut out);
    }
    Ok(Some((out.into(), chunk.saturating_add(1))))
}

/// In pieces that a slow reader takes one by one: it is still there as long as it takes another.
fn pieces(mut page: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || (!page.is_empty()).then(|| page.split_to(page.len().min(PIECE))))
}

const PIECE: usize = 64 * 1024;
const HEAD: &[u8] = b"line,column,code,message\n";

impl Line {
    fn write(&self, format: Format, out: &mut Vec<u8>) {
        // Writing into memory cannot fail.
        match format {
            Format::Csv => {
                let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                let _ = csv.serialize(self);
            }
            Format::Ndjson => {
                let _ = serde_json::to_writer(&mut *out, self);
                out.push(b'\n');
            }
        }
    }
}
