//! A book of `/livros`.

use comporta_http::Problem;
use serde::{Deserialize, Serialize};

use super::{given, optional};
use crate::api::faults::Faults;
use crate::{Addition, Book, Change, Details, ShelfNumber};

/// A book to be added to `/livros`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLivro)]
pub(in crate::api) struct LivroIn {
    /// The id it is to have; left out, it is the next one.
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 7)]
    id: Option<i64>,
    /// Its title.
    #[serde(rename = "título")]
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "Dom Casmurro"
    )]
    title: String,
    /// Who wrote it.
    #[serde(rename = "autor")]
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "Machado de Assis"
    )]
    author: String,
}

/// What is to be merged into a book of `/livros`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LivroPatch)]
pub(in crate::api) struct LivroPatch {
    /// Its id, if it is sent at all: the path's own.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, required = false)]
    id: Option<i64>,
    /// Another title.
    #[serde(default, rename = "título", deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$", example = "Dom Casmurro")]
    title: Option<String>,
    /// Another author.
    #[serde(default, rename = "autor", deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$", example = "Machado de Assis")]
    author: Option<String>,
}

/// A book of `/livros`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Livro)]
pub(in crate::api) struct LivroOut {
    /// Its id.
    #[schema(minimum = 1, example = 1)]
    id: i64,
    /// Its title.
    #[serde(rename = "título")]
    #[schema(example = "Dom Casmurro")]
    title: String,
    /// Who wrote it.
    #[serde(rename = "autor")]
    #[schema(example = "Machado de Assis")]
    author: String,
}

impl TryFrom<LivroIn> for Addition {
    type Error = Problem;

    fn try_from(livro: LivroIn) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let number = faults.check("/id", optional(livro.id, ShelfNumber::try_from));
        let title = faults.check("/título", livro.title.parse());
        let author = faults.check("/autor", livro.author.parse());
        match (number, title, author) {
            (Some(number), Some(title), Some(author)) => {
                Ok(Self { details: Details { title, author, isbn: None, published_year: None }, number })
            }
            _ => Err(faults.into()),
        }
    }
}

impl LivroPatch {
    /// The change to the book of this number.
    pub(in crate::api) fn change(self, number: i64) -> Result<Change, Problem> {
        let mut faults = Faults::default();
        if self.id.is_some_and(|id| id != number) {
            faults.add("/id", "the id of a book does not change: leave it out, or send the path's own");
        }
        let title = faults.check("/título", optional(self.title, |title| title.parse()));
        let author = faults.check("/autor", optional(self.author, |author| author.parse()));
        match (title, author) {
            (Some(title), Some(author)) if faults.is_empty() => {
                Ok(Change { title, author, ..Change::default() })
            }
            _ => Err(faults.into()),
        }
    }
}

impl From<&Book> for LivroOut {
    fn from(book: &Book) -> Self {
        Self {
            id: book.number,
            title: book.details.title.as_str().to_owned(),
            author: book.details.author.as_str().to_owned(),
        }
    }
}
