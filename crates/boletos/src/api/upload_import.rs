//! `POST /v1/boleto-imports`

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{BoxError, Json};
use bytes::Bytes;
use comporta_http::{Caller, FieldError, Problem, Query, Remembered, StreamedKey, kinds};
use futures_util::{Stream, StreamExt as _, stream};
use multer::Multipart;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::BoletosWrite;
use super::import_shape::ImportOut;
use crate::model::{BankAccountId, DocumentProfile, Import};
use crate::service::{Boletos, Outcome, RefusedField, Upload};

/// How the file is to be taken.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UploadQuery {
    /// Whether payers' documents must be valid: `any` if left out.
    #[param(inline)]
    #[serde(default)]
    documents: Documents,
    /// Where the money is to arrive; else the company's first account.
    #[param(value_type = Option<String>, pattern = "^bac_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    bank_account_id: Option<BankAccountId>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Documents {
    #[default]
    Any,
    Valid,
}

/// Import a file of debts
///
/// A CSV with the columns `name,governmentId,email,debtAmount,debtDueDate,debtId` in any order, as the body or as the
/// field `file` of a form. A 202 means that it is safely kept; its rows are issued from then on. A debt that has a
/// boleto gets no other: the same file may be sent again.
#[utoipa::path(
    post, path = "/v1/boleto-imports", tag = "imports", operation_id = "importBoletos",
    params(UploadQuery, ("idempotency-key" = Option<String>, Header, description = "Makes the request safe to repeat for two days", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 202, description = "Taken in", body = ImportOut<'static>),
        (status = 404, description = "No such bank account"),
        (status = 409, description = "There is no bank account yet"),
        (status = 422, description = "The file is no CSV of debts; nothing of it was taken"),
    ),
    security(("api_key" = ["boletos:write"])),
)]
pub(super) async fn upload_import(
    State(boletos): State<Boletos>,
    caller: Caller<BoletosWrite>,
    Query(UploadQuery { documents, bank_account_id }): Query<UploadQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    check_encoding(&head.headers)?;
    let documents = match documents {
        Documents::Any => DocumentProfile::Any,
        Documents::Valid => DocumentProfile::Valid,
    };
    let upload = Upload { documents, bank_account_id, key: StreamedKey::of_head(&head)? };
    let answer = |import: &Import| Remembered::new(StatusCode::ACCEPTED, &ImportOut::from(import));
    let body = body.into_data_stream();
    let taken = match kind(&head.headers)? {
        Kind::Csv => boletos.take_in(caller.company(), upload, body, answer).await?,
        Kind::Form(boundary) => {
            boletos.take_in(caller.company(), upload, file_of(body, boundary).await?, answer).await?
        }
    };
    Ok(match taken {
        Outcome::Repeated(answer) => answer.into_response(),
        Outcome::Done(import) => {
            let place = [(header::LOCATION, format!("/v1/boleto-imports/{}", import.id))];
            (StatusCode::ACCEPTED, place, Json(ImportOut::from(&import))).into_response()
        }
    })
}

/// What the body is.
enum Kind {
    Csv,
    Form(String),
}

fn kind(headers: &HeaderMap) -> Result<Kind, Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(Kind::Csv) };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/csv" | "application/csv" | "text/plain" | "application/octet-stream" => Ok(Kind::Csv),
        "multipart/form-data" => multer::parse_boundary(text)
            .map(Kind::Form)
            .map_err(|_| Problem::new(&kinds::MALFORMED, "content-type: the form names no boundary")),
        _ => Err(Problem::new(
            &kinds::UNSUPPORTED_MEDIA_TYPE,
            "send content-type: text/csv, or a form with the field file",
        )),
    }
}

fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    Err(Problem::new(
        &kinds::UNSUPPORTED_MEDIA_TYPE,
        "content-encoding: send the file as it is, not compressed",
    ))
}

/// The field `file` of a form, as it comes; the form may have no other.
async fn file_of(
    body: impl Stream<Item = Result<Bytes, axum::Error>> + Send + 'static,
    boundary: String,
) -> Result<impl Stream<Item = Result<Bytes, BoxError>> + Send, Problem> {
    let malformed =
        |error: multer::Error| Problem::new(&kinds::MALFORMED, format!("the form cannot be read: {error}"));
    let mut form = Multipart::new(body, boundary);
    let field = form.next_field().await.map_err(malformed)?;
    let field =
        field.ok_or_else(|| Problem::invalid_field("/file", "expected a form with the field file"))?;
    if field.name() != Some("file") {
        return Err(Problem::invalid(vec![not_file(field.name())]));
    }
    // The form goes along: it is what the field reads from.
    Ok(stream::unfold(Some((field, form)), |file| async move {
        let (mut field, mut form) = file?;
        if let Some(piece) = field.next().await {
            return Some((piece.map_err(BoxError::from), Some((field, form))));
        }
        drop(field);
        match form.next_field().await {
            Ok(None) => None,
            Ok(Some(other)) => Some((Err(RefusedField(not_file(other.name())).into()), None)),
            Err(error) => Some((Err(error.into()), None)),
        }
    }))
}

fn not_file(name: Option<&str>) -> FieldError {
    let detail = if name == Some("file") {
        "expected one file in a form"
    } else {
        "expected no field but file; how it is to be taken stands in the query"
    };
    FieldError::new(format!("/{}", name.unwrap_or_default()), detail)
}
