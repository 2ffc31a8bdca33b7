//! What a book is and how it changes: pure rules.

mod isbn;
mod text;

use comporta_kernel::{Timestamp, define_id};

use crate::Error;

pub use isbn::{Isbn, IsbnError};
pub use text::{Author, Needle, TextError, Title};

define_id!(
    /// A book.
    BookId,
    "bok"
);

/// What a company says about a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Its title.
    pub title: Title,
    /// Who wrote it.
    pub author: Author,
    /// Its ISBN, if it has one.
    pub isbn: Option<Isbn>,
    /// The year it was first published, if known.
    pub published_year: Option<PublishedYear>,
}

/// A book as it stands in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Its id.
    pub id: BookId,
    /// Its small number, unique in its company, given in the order of adding unless the caller chose it.
    pub number: i64,
    /// How many times it was written.
    pub version: Version,
    /// What is said about it.
    pub details: Details,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Book {
    /// The book after a change: a new version, or the very same when the change changes nothing.
    ///
    /// # Errors
    /// [`Error::ChangedSince`] when it is not at a version the caller expects.
    pub(crate) fn changed(&self, change: &Change, expected: &Expected, at: Timestamp) -> Result<Self, Error> {
        self.check(expected)?;
        let details = change.apply(&self.details);
        if details == self.details {
            return Ok(self.clone());
        }
        Ok(Self { details, version: self.version.next(), updated_at: at, ..self.clone() })
    }

    /// # Errors
    /// [`Error::ChangedSince`] when it is not at a version the caller expects.
    pub(crate) fn check(&self, expected: &Expected) -> Result<(), Error> {
        match expected {
            Expected::OneOf(versions) if !versions.contains(&self.version) => Err(Error::ChangedSince),
            Expected::Any | Expected::OneOf(_) => Ok(()),
        }
    }
}

/// The versions of a book count from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(i64);

impl Version {
    /// That of a book just added.
    pub const FIRST: Self = Self(1);

    /// The version of this number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The versions that a caller is ready to change or remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is now.
    Any,
    /// One of these.
    OneOf(Vec<Version>),
}

/// What is to become of a book; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Another title.
    pub title: Option<Title>,
    /// Another author.
    pub author: Option<Author>,
    /// Another ISBN, or none any more.
    pub isbn: Option<Option<Isbn>>,
    /// Another year, or none any more.
    pub published_year: Option<Option<PublishedYear>>,
}

impl Change {
    fn apply(&self, to: &Details) -> Details {
        Details {
            title: self.title.as_ref().unwrap_or(&to.title).clone(),
            author: self.author.as_ref().unwrap_or(&to.author).clone(),
            isbn: self.isbn.unwrap_or(to.isbn),
            published_year: self.published_year.unwrap_or(to.published_year),
        }
    }
}

impl From<Details> for Change {
    /// Every field anew.
    fn from(details: Details) -> Self {
        Self {
            title: Some(details.title),
            author: Some(details.author),
            isbn: Some(details.isbn),
            published_year: Some(details.published_year),
        }
    }
}

/// Which book is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookKey {
    /// The one with this id.
    Id(BookId),
    /// The one with this number.
    Number(i64),
}

/// A number that a caller chooses for a new book: from 1 to 2,147,483,647. Numbers given by the shelf may pass that,
/// so that no choice can use them up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShelfNumber(i32);

/// A number that no caller may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number from 1 to 2147483647")]
pub struct ShelfNumberError;

impl TryFrom<i64> for ShelfNumber {
    type Error = ShelfNumberError;

    fn try_from(number: i64) -> Result<Self, ShelfNumberError> {
        i32::try_from(number).ok().filter(|number| *number >= 1).map(Self).ok_or(ShelfNumberError)
    }
}

impl From<ShelfNumber> for i64 {
    fn from(number: ShelfNumber) -> Self {
        number.0.into()
    }
}

impl std::fmt::Display for ShelfNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A year from 3000 before the common era to 2199, counted as ISO 8601 does: 0 is 1 BCE, -1 is 2 BCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedYear(i32);

/// A year outside of what a book can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a year from {} to {}", PublishedYear::MIN, PublishedYear::MAX)]
pub struct YearError;

impl PublishedYear {
    /// The earliest.
    pub const MIN: i32 = -3000;
    /// The latest.
    pub const MAX: i32 = 2199;

    /// The year as a number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl TryFrom<i32> for PublishedYear {
    type Error = YearError;

    fn try_from(year: i32) -> Result<Self, YearError> {
        if (Self::MIN..=Self::MAX).contains(&year) { Ok(Self(year)) } else { Err(YearError) }
    }
}

/// Which books of a company are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Text within the title or the author.
    pub text: Option<Needle>,
    /// The whole author.
    pub author: Option<Needle>,
}

/// Part of a list: so many books with a number above `after`, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Which books.
    pub filter: Filter,
    /// The number of the last book already seen; 0 to begin.
    pub after: i64,
    /// How many at most.
    pub limit: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let at = "2026-03-01T12:00:00Z".parse().unwrap();
        let details = Details {
            title: "Dom Casmurro".parse().unwrap(),
            author: "Machado de Assis".parse().unwrap(),
            isbn: "9788535910667".parse().ok(),
            published_year: PublishedYear::try_from(1899).ok(),
        };
        Book {
            id: comporta_kernel::TypedId::from_uuid(comporta_kernel::Uuid::nil()),
            number: 1,
            version: Version::new(3),
            details,
            created_at: at,
            updated_at: at,
        }
    }

    fn later() -> Timestamp {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_change_touches_only_what_it_names() {
        let change = Change { isbn: Some(None), ..Change::default() };
        let after = book().changed(&change, &Expected::Any, later()).unwrap();
        assert_eq!(after.details, Details { isbn: None, ..book().details });
        assert_eq!((after.version, after.updated_at), (Version::new(4), later()));
    }

    #[test]
    fn a_change_that_changes_nothing_makes_no_version() {
        let same = Change::from(book().details);
        assert_eq!(book().changed(&same, &Expected::Any, later()).unwrap(), book());
    }

    #[test]
    fn a_book_at_another_version_is_not_changed() {
        let expected = Expected::OneOf(vec![Version::new(1), Version::new(2)]);
        let refused = book().changed(&Change::default(), &expected, later());
        assert!(matches!(refused, Err(Error::ChangedSince)));
        assert!(book().check(&Expected::OneOf(vec![Version::new(3)])).is_ok());
        assert!(matches!(book().check(&Expected::OneOf(vec![])), Err(Error::ChangedSince)));
    }

    #[test]
    fn years_and_numbers_have_ends() {
        for (year, good) in [(-3001, false), (-3000, true), (0, true), (2199, true), (2200, false)] {
            assert_eq!(PublishedYear::try_from(year).is_ok(), good, "{year}");
        }
        for (number, good) in [(0, false), (1, true), (2_147_483_647, true), (2_147_483_648, false)] {
            assert_eq!(ShelfNumber::try_from(number).is_ok(), good, "{number}");
        }
    }
}
