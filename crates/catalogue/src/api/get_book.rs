//! `GET /v1/books/{id}`

use axum::extract::State;
use axum::response::Response;
use comporta_http::{Caller, IfNoneMatch, Path, Problem};

use super::conditions::unless_held;
use super::wire::BookOut;
use super::{BooksRead, headers, refusals};
use crate::{BookId, BookKey, Catalogue};

/// Get a book
#[utoipa::path(
    get, path = "/v1/books/{id}", operation_id = "getBook", tag = "books",
    params(
        ("id" = String, Path, description = "The book's id", example = "bok_01kb1gy3m7f0v9s4t2q8n6x5cw"),
        headers::IfNoneMatchTags,
    ),
    responses(
        (status = 200, description = "The book", body = BookOut,
            headers(("etag" = String, description = "The tag of its version"))),
        (status = 304, description = "You have it already",
            headers(("etag" = String, description = "The tag of its version"))),
        refusals::Any, refusals::Named, refusals::Tagged,
    ),
    security(("api_key" = ["books:read"])),
)]
pub(super) async fn get_book(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksRead>,
    Path(id): Path<BookId>,
    held: IfNoneMatch,
) -> Result<Response, Problem> {
    let book = catalogue.find(caller.company(), BookKey::Id(id)).await?;
    Ok(unless_held(&held, &book))
}
