//! `GET /livros/{id}`

use axum::Json;
use axum::extract::State;
use comporta_http::{Caller, Path, Problem};

use super::wire::LivroOut;
use super::{BooksRead, refusals};
use crate::{BookKey, Catalogue};

/// Get a book by its small id
#[utoipa::path(
    get, path = "/livros/{id}", operation_id = "getLivro", tag = "livros",
    params(("id" = i64, Path, description = "The book's small id", example = 1)),
    responses((status = 200, description = "The book", body = LivroOut), refusals::Any, refusals::Named),
    security(("api_key" = ["books:read"])),
)]
pub(super) async fn get_livro(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksRead>,
    Path(number): Path<i64>,
) -> Result<Json<LivroOut>, Problem> {
    let book = catalogue.find(caller.company(), BookKey::Number(number)).await?;
    Ok(Json(LivroOut::from(&book)))
}
