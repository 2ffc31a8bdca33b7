//! `DELETE /livros/{id}`

use axum::extract::State;
use comporta_http::{Caller, Path, Problem};

use super::list_livros::Livros;
use super::wire::LivroOut;
use super::{BooksWrite, refusals};
use crate::{BookKey, Catalogue};

/// Remove a book by its small id
///
/// Gives the list of the books that stay: by id, at most 1000, with a `link` header if there are more.
#[utoipa::path(
    delete, path = "/livros/{id}", operation_id = "removeLivro", tag = "livros",
    params(("id" = i64, Path, description = "The book's small id", example = 1)),
    responses(
        (status = 200, description = "The books", body = Vec<LivroOut>, headers(
            ("link" = String, description = "Only if there are more: where the list goes on, `rel=\"next\"` (RFC 8288)"),
        )),
        refusals::Any, refusals::Named,
    ),
    security(("api_key" = ["books:write"])),
)]
pub(super) async fn remove_livro(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksWrite>,
    Path(number): Path<i64>,
) -> Result<Livros, Problem> {
    let books =
        catalogue.remove_and_list(caller.company(), BookKey::Number(number), &Livros::first()).await?;
    Ok(Livros::of_first(&books))
}
