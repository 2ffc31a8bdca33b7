//! `POST /v1/books`

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use comporta_http::{Caller, Creation, Problem, Remembered};

use super::conditions::{etag, tagged};
use super::wire::{BookIn, BookOut};
use super::{BooksWrite, headers, refusals};
use crate::{Addition, Catalogue, Details, Outcome, Version};

/// Add a book
///
/// The ISBN may be of 10 or 13 digits, with or without hyphens and spaces; it is kept, and given back, as 13 digits.
#[utoipa::path(
    post, path = "/v1/books", operation_id = "addBook", tag = "books",
    params(headers::IdempotencyKey),
    request_body = BookIn,
    responses(
        (status = 201, description = "The book", body = BookOut, headers(
            ("location" = String, description = "Its path"),
            ("etag" = String, description = "The tag of its version, for `if-match`"),
            ("idempotent-replayed" = String, description = "Only, and `true`, when this answer was given before"),
        )),
        refusals::Any, refusals::Creation,
    ),
    security(("api_key" = ["books:write"])),
)]
pub(super) async fn add_book(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksWrite>,
    Creation { body, key }: Creation<BookIn>,
) -> Result<Response, Problem> {
    let addition = Addition { details: Details::try_from(body)?, number: None };
    let remembered = |book: &_| Remembered::new(StatusCode::CREATED, &BookOut::from(book));
    let outcome = catalogue.add(caller.company(), addition, key.as_ref(), remembered).await?;
    Ok(match outcome {
        Outcome::Done(book) => created(&book.id.to_string(), (StatusCode::CREATED, tagged(&book))),
        Outcome::Repeated(before) => created(&id_in(&before.body), before),
    })
}

/// An answer with where the book is and the tag it was made with.
fn created(id: &str, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/v1/books/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response.headers_mut().insert(header::ETAG, etag(Version::FIRST));
    response
}

/// The id in an answer given before.
fn id_in(body: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str::<Named>(body).map(|named| named.id).unwrap_or_default()
}
