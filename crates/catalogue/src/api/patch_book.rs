//! `PATCH /v1/books/{id}`

use axum::extract::State;
use axum::response::Response;
use comporta_http::{Caller, Json, Path, Problem};

use super::conditions::{IfMatch, tagged};
use super::wire::{BookOut, BookPatch};
use super::{BooksWrite, headers, refusals};
use crate::{BookId, BookKey, Catalogue};

/// Change a book in part
///
/// A JSON merge patch (RFC 7396): a field that is left out stays, null takes an optional one away.
/// What changes nothing makes no new version.
#[utoipa::path(
    patch, path = "/v1/books/{id}", operation_id = "patchBook", tag = "books",
    params(
        ("id" = String, Path, description = "The book's id", example = "bok_01kb1gy3m7f0v9s4t2q8n6x5cw"),
        headers::IfMatchTags,
    ),
    request_body(content(
        (BookPatch = "application/merge-patch+json", example = json!({"published_year": 1900, "isbn": null})),
        (BookPatch = "application/json", example = json!({"title": "Dom Casmurro"})),
    )),
    responses(
        (status = 200, description = "The book as it is now", body = BookOut,
            headers(("etag" = String, description = "The tag of its version"))),
        refusals::Any, refusals::Named, refusals::Body, refusals::Conditional,
    ),
    security(("api_key" = ["books:write"])),
)]
pub(super) async fn patch_book(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksWrite>,
    Path(id): Path<BookId>,
    IfMatch(expected): IfMatch,
    Json(patch): Json<BookPatch>,
) -> Result<Response, Problem> {
    let change = patch.try_into()?;
    let book = catalogue.revise(caller.company(), BookKey::Id(id), change, expected).await?;
    Ok(tagged(&book))
}
