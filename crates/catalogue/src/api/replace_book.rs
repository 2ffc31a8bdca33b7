//! `PUT /v1/books/{id}`

use axum::extract::State;
use axum::response::Response;
use comporta_http::{Caller, Json, Path, Problem};

use super::conditions::{IfMatch, tagged};
use super::wire::{BookIn, BookOut};
use super::{BooksWrite, headers, refusals};
use crate::{BookId, BookKey, Catalogue, Details};

/// Replace a book
///
/// An optional field that is left out is taken away. What changes nothing makes no new version.
#[utoipa::path(
    put, path = "/v1/books/{id}", operation_id = "replaceBook", tag = "books",
    params(
        ("id" = String, Path, description = "The book's id", example = "bok_01kb1gy3m7f0v9s4t2q8n6x5cw"),
        headers::IfMatchTags,
    ),
    request_body = BookIn,
    responses(
        (status = 200, description = "The book as it is now", body = BookOut,
            headers(("etag" = String, description = "The tag of its version"))),
        refusals::Any, refusals::Named, refusals::Body, refusals::Conditional,
    ),
    security(("api_key" = ["books:write"])),
)]
pub(super) async fn replace_book(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksWrite>,
    Path(id): Path<BookId>,
    IfMatch(expected): IfMatch,
    Json(body): Json<BookIn>,
) -> Result<Response, Problem> {
    let change = Details::try_from(body)?.into();
    let book = catalogue.revise(caller.company(), BookKey::Id(id), change, expected).await?;
    Ok(tagged(&book))
}
