//! HTTP in front of the catalogue: `/v1/books`, and `/livros` as small book services answer.

mod add_book;
mod add_livro;
mod conditions;
mod faults;
mod get_book;
mod get_livro;
mod headers;
mod list_books;
mod list_livros;
mod merge_livro;
mod patch_book;
mod refusals;
mod remove_book;
mod remove_livro;
mod replace_book;
mod wire;

use axum::Router;
use axum::routing::get;
use utoipa::OpenApi as _;

use crate::Catalogue;

/// May see books.
#[derive(Debug)]
pub(crate) struct BooksRead;

impl comporta_http::Scope for BooksRead {
    const NAME: &'static str = "books:read";
}

/// May add, change and remove books.
#[derive(Debug)]
pub(crate) struct BooksWrite;

impl comporta_http::Scope for BooksWrite {
    const NAME: &'static str = "books:write";
}

/// The routes of the catalogue. The application adds the caller, the request id and the rendering of problems.
pub fn router(catalogue: Catalogue) -> Router {
    let book = get(get_book::get_book)
        .put(replace_book::replace_book)
        .patch(patch_book::patch_book)
        .delete(remove_book::remove_book);
    let livro = get(get_livro::get_livro).put(merge_livro::merge_livro).delete(remove_livro::remove_livro);
    Router::new()
        .route("/v1/books", get(list_books::list_books).post(add_book::add_book))
        .route("/v1/books/{id}", book)
        .route("/livros", get(list_livros::list_livros).post(add_livro::add_livro))
        .route("/livros/{id}", livro)
        .with_state(catalogue)
}

/// The catalogue's part of the API's document. It asks for the security scheme `api_key`.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        list_books::list_books,
        add_book::add_book,
        get_book::get_book,
        replace_book::replace_book,
        patch_book::patch_book,
        remove_book::remove_book,
        list_livros::list_livros,
        add_livro::add_livro,
        get_livro::get_livro,
        merge_livro::merge_livro,
        remove_livro::remove_livro,
    ),
    components(schemas(comporta_http::ProblemBody<'static>, comporta_http::FieldError)),
    tags(
        (name = "books", description = "The company's books."),
        (name = "livros", description = "The same books with small integer ids, in Portuguese."),
    )
)]
struct Document;
