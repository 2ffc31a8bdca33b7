//! A book of `/v1/books`.

use comporta_http::Problem;
use comporta_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{given, optional};
use crate::api::faults::Faults;
use crate::{Book, BookId, Change, Details, PublishedYear};

/// A book to be added, or to stand in the place of one.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBook)]
pub(in crate::api) struct BookIn {
    /// Its title: no control characters.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "Dom Casmurro"
    )]
    title: String,
    /// Who wrote it: no control characters.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "Machado de Assis"
    )]
    author: String,
    /// Its ISBN-10 or ISBN-13, with or without hyphens and spaces; the check digit must fit.
    #[schema(min_length = 10, max_length = 32, pattern = "^[0-9Xx -]*$", example = "978-85-359-1066-7")]
    isbn: Option<String>,
    /// The year it was first published; 0 is 1 BCE, as ISO 8601 counts.
    #[schema(minimum = -3000, maximum = 2199, example = 1899)]
    published_year: Option<i32>,
}

/// A JSON merge patch (RFC 7396): what is left out stays, and null takes an optional field away.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BookPatch)]
pub(in crate::api) struct BookPatch {
    /// Another title; it cannot be taken away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    title: Option<String>,
    /// Another author; it cannot be taken away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    author: Option<String>,
    /// Another ISBN, or null.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 10, max_length = 32, pattern = "^[0-9Xx -]*$")]
    isbn: Option<Option<String>>,
    /// Another year, or null.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i32>, minimum = -3000, maximum = 2199, example = 1900)]
    published_year: Option<Option<i32>>,
}

/// A book.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Book)]
pub(in crate::api) struct BookOut {
    /// Its id.
    #[schema(value_type = String, pattern = "^bok_[0-7][0-9a-hjkmnp-tv-z]{25}$", example = "bok_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: BookId,
    /// Its title.
    #[schema(example = "Dom Casmurro")]
    title: String,
    /// Who wrote it.
    #[schema(example = "Machado de Assis")]
    author: String,
    /// Its ISBN as 13 digits.
    #[schema(required, pattern = "^97[89][0-9]{10}$", example = "9788535910667")]
    isbn: Option<String>,
    /// The year it was first published.
    #[schema(required, example = 1899)]
    published_year: Option<i32>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T12:00:00Z")]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T12:00:00Z")]
    updated_at: Timestamp,
}

impl TryFrom<BookIn> for Details {
    type Error = Problem;

    fn try_from(book: BookIn) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let title = faults.check("/title", book.title.parse());
        let author = faults.check("/author", book.author.parse());
        let isbn = faults.check("/isbn", optional(book.isbn, |isbn| isbn.parse()));
        let year = faults.check("/published_year", optional(book.published_year, PublishedYear::try_from));
        match (title, author, isbn, year) {
            (Some(title), Some(author), Some(isbn), Some(published_year)) => {
                Ok(Self { title, author, isbn, published_year })
            }
            _ => Err(faults.into()),
        }
    }
}

impl TryFrom<BookPatch> for Change {
    type Error = Problem;

    fn try_from(patch: BookPatch) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        let title = faults.check("/title", optional(patch.title, |title| title.parse()));
        let author = faults.check("/author", optional(patch.author, |author| author.parse()));
        let isbn = optional(patch.isbn, |isbn| optional(isbn, |isbn| isbn.parse()));
        let isbn = faults.check("/isbn", isbn);
        let year = optional(patch.published_year, |year| optional(year, PublishedYear::try_from));
        let year = faults.check("/published_year", year);
        match (title, author, isbn, year) {
            (Some(title), Some(author), Some(isbn), Some(published_year)) => {
                Ok(Self { title, author, isbn, published_year })
            }
            _ => Err(faults.into()),
        }
    }
}

impl From<&Book> for BookOut {
    fn from(book: &Book) -> Self {
        let Details { title, author, isbn, published_year } = &book.details;
        Self {
            id: book.id,
            title: title.as_str().to_owned(),
            author: author.as_str().to_owned(),
            isbn: isbn.map(|isbn| isbn.to_string()),
            published_year: published_year.map(PublishedYear::number),
            created_at: book.created_at,
            updated_at: book.updated_at,
        }
    }
}
