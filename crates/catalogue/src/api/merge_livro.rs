//! `PUT /livros/{id}`

use axum::extract::State;
use comporta_http::{Caller, Json, Path, Problem};

use super::wire::{LivroOut, LivroPatch};
use super::{BooksWrite, refusals};
use crate::{BookKey, Catalogue, Expected};

/// Change a book by its small id
///
/// A field that is left out stays as it is.
#[utoipa::path(
    put, path = "/livros/{id}", operation_id = "mergeLivro", tag = "livros",
    params(("id" = i64, Path, description = "The book's small id", example = 1)),
    request_body = LivroPatch,
    responses(
        (status = 200, description = "The book as it is now", body = LivroOut),
        refusals::Any, refusals::Named, refusals::Body,
    ),
    security(("api_key" = ["books:write"])),
)]
pub(super) async fn merge_livro(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksWrite>,
    Path(number): Path<i64>,
    Json(patch): Json<LivroPatch>,
) -> Result<axum::Json<LivroOut>, Problem> {
    let change = patch.change(number)?;
    let book = catalogue.revise(caller.company(), BookKey::Number(number), change, Expected::Any).await?;
    Ok(axum::Json(LivroOut::from(&book)))
}
