//! `DELETE /v1/books/{id}`

use axum::extract::State;
use axum::http::StatusCode;
use comporta_http::{Caller, Path, Problem};

use super::conditions::IfMatch;
use super::{BooksWrite, headers, refusals};
use crate::{BookId, BookKey, Catalogue};

/// Remove a book
#[utoipa::path(
    delete, path = "/v1/books/{id}", operation_id = "removeBook", tag = "books",
    params(
        ("id" = String, Path, description = "The book's id", example = "bok_01kb1gy3m7f0v9s4t2q8n6x5cw"),
        headers::IfMatchTags,
    ),
    responses(
        (status = 204, description = "It is gone"),
        refusals::Any, refusals::Named, refusals::Conditional,
    ),
    security(("api_key" = ["books:write"])),
)]
pub(super) async fn remove_book(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksWrite>,
    Path(id): Path<BookId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    catalogue.remove(caller.company(), BookKey::Id(id), &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}
