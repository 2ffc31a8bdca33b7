//! `GET /livros`, and the list that its neighbours answer with too.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use comporta_http::{Caller, Cursor, Problem, Query};
use serde::Deserialize;

use super::wire::LivroOut;
use super::{BooksRead, refusals};
use crate::{Book, Catalogue, Filter, Listing};

/// Books of an answer when the caller does not say, and at most. Small shelves come whole, as they should;
/// without an end a large one would fill the memory.
const LONGEST: u16 = 1_000;

/// Which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListLivros {
    /// How many books: 1000 unless said.
    #[param(minimum = 1, maximum = 1000, example = 1000)]
    limit: Option<u16>,
    /// Where to go on, as the `link` header of the answer before says.
    cursor: Option<String>,
}

/// List the books with small ids
///
/// By id. At most 1000; if there are more, the `link` header says where the list goes on.
#[utoipa::path(
    get, path = "/livros", operation_id = "listLivros", tag = "livros",
    params(ListLivros),
    responses(
        (status = 200, description = "The books", body = Vec<LivroOut>, headers(
            ("link" = String, description = "Only if there are more: where the list goes on, `rel=\"next\"` (RFC 8288)"),
        )),
        refusals::Any, refusals::Listing,
    ),
    security(("api_key" = ["books:read"])),
)]
pub(super) async fn list_livros(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksRead>,
    Query(asked): Query<ListLivros>,
) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or(LONGEST);
    if !(1..=LONGEST).contains(&limit) {
        return Err(Problem::invalid_field("?limit", format!("expected a number from 1 to {LONGEST}")));
    }
    let ((), after) = Cursor::<(), i64>::resume((), asked.cursor.as_deref())?;
    let listing = Listing { filter: Filter::default(), after: after.unwrap_or(0), limit: limit + 1 };
    let books = catalogue.list(caller.company(), &listing).await?;
    Ok(Livros::cut(&books, limit).into_response())
}

/// A list of books with the place where it goes on.
#[derive(Debug)]
pub(super) struct Livros {
    pub(super) books: Vec<LivroOut>,
    next: Option<String>,
}

impl Livros {
    /// The listing of the first books, one more than are shown.
    pub(super) fn first() -> Listing {
        Listing { filter: Filter::default(), after: 0, limit: LONGEST + 1 }
    }

    /// The answer to [`Livros::first`].
    pub(super) fn of_first(books: &[Book]) -> Self {
        Self::cut(books, LONGEST)
    }

    fn cut(books: &[Book], limit: u16) -> Self {
        let shown = books.get(..usize::from(limit)).unwrap_or(books);
        let last = if shown.len() < books.len() { shown.last() } else { None };
        Self {
            books: shown.iter().map(LivroOut::from).collect(),
            next: last.map(|last| link(last.number, limit)),
        }
    }
}

/// The `link` header's text for what comes after a book.
fn link(after: i64, limit: u16) -> String {
    let cursor = Cursor { filter: (), after }.encode();
    format!("</livros?cursor={cursor}&limit={limit}>; rel=\"next\"")
}

impl IntoResponse for Livros {
    fn into_response(self) -> Response {
        let next = self.next.and_then(|next| HeaderValue::try_from(next).ok());
        let mut response = axum::Json(self.books).into_response();
        if let Some(next) = next {
            response.headers_mut().insert(header::LINK, next);
        }
        response
    }
}
