//! `GET /v1/invoices/{id}`, `GET /admin/v1/invoices/{id}`, and the same as `/pdf`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use comporta_http::{AnyCaller, Path, Problem, ProblemBody};

use super::invoices::InvoiceWithLinesOut;
use crate::{Bills, InvoiceId, InvoiceWithLines};

/// Show one of the company's invoices.
#[utoipa::path(
    get, path = "/v1/invoices/{id}", operation_id = "show_invoice", tag = "Partner",
    params(("id" = String, Path, description = "The invoice's id")), security(("api_key" = [])),
    responses((status = 200, description = "The invoice with its lines", body = InvoiceWithLinesOut))
)]
pub(crate) async fn own(
    State(bills): State<Bills>,
    AnyCaller(caller): AnyCaller,
    Path(id): Path<InvoiceId>,
) -> Result<Json<InvoiceWithLinesOut>, Problem> {
    Ok(Json(bills.invoice(id, Some(caller.company_id)).await?.into()))
}

/// One of the company's invoices as a PDF.
#[utoipa::path(
    get, path = "/v1/invoices/{id}/pdf", operation_id = "show_invoice_pdf", tag = "Partner",
    params(("id" = String, Path, description = "The invoice's id")), security(("api_key" = [])),
    responses((status = 200, description = "The same bytes each time", body = Vec<u8>, content_type = "application/pdf"))
)]
pub(crate) async fn own_pdf(
    State(bills): State<Bills>,
    AnyCaller(caller): AnyCaller,
    Path(id): Path<InvoiceId>,
) -> Result<Pdf, Problem> {
    Ok(pdf(&bills, &bills.invoice(id, Some(caller.company_id)).await?))
}

/// Show an invoice.
#[utoipa::path(
    get, path = "/admin/v1/invoices/{id}", operation_id = "show_any_invoice", tag = "Invoices",
    params(("id" = String, Path, description = "The invoice's id")),
    responses(
        (status = 200, description = "The invoice with its lines", body = InvoiceWithLinesOut),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn any(
    State(bills): State<Bills>,
    Path(id): Path<InvoiceId>,
) -> Result<Json<InvoiceWithLinesOut>, Problem> {
    Ok(Json(bills.invoice(id, None).await?.into()))
}

/// An invoice as a PDF.
#[utoipa::path(
    get, path = "/admin/v1/invoices/{id}/pdf", operation_id = "show_any_invoice_pdf", tag = "Invoices",
    params(("id" = String, Path, description = "The invoice's id")),
    responses(
        (status = 200, description = "The same bytes each time", body = Vec<u8>, content_type = "application/pdf"),
        (status = "4XX", description = "A refusal", body = ProblemBody<'static>, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn any_pdf(State(bills): State<Bills>, Path(id): Path<InvoiceId>) -> Result<Pdf, Problem> {
    Ok(pdf(&bills, &bills.invoice(id, None).await?))
}

type Pdf = ([(HeaderName, String); 2], Vec<u8>);

fn pdf(bills: &Bills, invoice: &InvoiceWithLines) -> Pdf {
    let name = format!("inline; filename=\"fatura-{}.pdf\"", invoice.invoice.month);
    let headers = [(header::CONTENT_TYPE, "application/pdf".to_owned()), (header::CONTENT_DISPOSITION, name)];
    (headers, bills.pdf(invoice))
}
