//! `POST /livros`

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use comporta_http::{Caller, Creation, Problem, Remembered};

use super::list_livros::Livros;
use super::wire::{LivroIn, LivroOut};
use super::{BooksWrite, headers, refusals};
use crate::{Addition, Catalogue, Outcome};

/// Add a book with a small id
///
/// Gives the list of the books: by id, at most 1000, with a `link` header if there are more. The answer to a
/// repeated `Idempotency-Key` is the first answer's body.
#[utoipa::path(
    post, path = "/livros", operation_id = "addLivro", tag = "livros",
    params(headers::IdempotencyKey),
    request_body = LivroIn,
    responses(
        (status = 200, description = "The books", body = Vec<LivroOut>, headers(
            ("link" = String, description = "Only if there are more: where the list goes on, `rel=\"next\"` (RFC 8288)"),
            ("idempotent-replayed" = String, description = "Only, and `true`, when this answer was given before"),
        )),
        refusals::Any, refusals::Creation, refusals::Clash,
    ),
    security(("api_key" = ["books:write"])),
)]
pub(super) async fn add_livro(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksWrite>,
    Creation { body, key }: Creation<LivroIn>,
) -> Result<Response, Problem> {
    let addition = Addition::try_from(body)?;
    let remembered = |books: &[_]| Remembered::new(StatusCode::OK, &Livros::of_first(books).books);
    let listing = Livros::first();
    let outcome =
        catalogue.add_and_list(caller.company(), addition, &listing, key.as_ref(), remembered).await?;
    Ok(match outcome {
        Outcome::Done(books) => Livros::of_first(&books).into_response(),
        Outcome::Repeated(before) => before.into_response(),
    })
}
