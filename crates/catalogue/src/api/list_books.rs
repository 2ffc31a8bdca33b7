//! `GET /v1/books`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use comporta_http::{Caller, Cursor, Page, Problem, Query, page_limit};
use serde::{Deserialize, Serialize};

use super::faults::Faults;
use super::wire::BookOut;
use super::{BooksRead, refusals};
use crate::{Catalogue, Filter, Listing};

/// Which books, and which part of their list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListBooks {
    /// Text within the title or the author, in upper or lower case.
    #[param(min_length = 1, max_length = 500, example = "casmurro")]
    q: Option<String>,
    /// The whole author, in upper or lower case.
    #[param(min_length = 1, max_length = 500, example = "Machado de Assis")]
    author: Option<String>,
    /// How many books: 50 unless said.
    #[param(minimum = 1, maximum = 500, example = 50)]
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before, which carries its filters.
    cursor: Option<String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Filters {
    q: Option<String>,
    author: Option<String>,
}

/// List books
///
/// By number, which is the order they were added in. A book added while the pages are read comes on a later page.
#[utoipa::path(
    get, path = "/v1/books", operation_id = "listBooks", tag = "books",
    params(ListBooks),
    responses(
        (status = 200, description = "A page of books", body = Page<BookOut>),
        refusals::Any, refusals::Listing,
    ),
    security(("api_key" = ["books:read"])),
)]
pub(super) async fn list_books(
    State(catalogue): State<Catalogue>,
    caller: Caller<BooksRead>,
    Query(asked): Query<ListBooks>,
) -> Result<Response, Problem> {
    let limit = page_limit(asked.limit)?;
    let given = Filters { q: asked.q, author: asked.author };
    let (filters, after) = Cursor::<Filters, i64>::resume(given, asked.cursor.as_deref())?;
    let listing = Listing { filter: filters.parse()?, after: after.unwrap_or(0), limit: limit + 1 };
    let books = catalogue.list(caller.company(), &listing).await?;
    let page = Page::cut(books, limit, |last| Cursor { filter: filters, after: last.number }.encode());
    Ok(axum::Json(page.map(|book| BookOut::from(&book))).into_response())
}

impl Filters {
    /// A cursor's text may be forged, so its filters are checked like any other.
    fn parse(&self) -> Result<Filter, Problem> {
        let mut faults = Faults::default();
        let mut check = |name, text: &Option<String>| {
            faults.check(name, text.as_deref().map(str::parse).transpose()).flatten()
        };
        let filter = Filter { text: check("?q", &self.q), author: check("?author", &self.author) };
        if faults.is_empty() { Ok(filter) } else { Err(faults.into()) }
    }
}
