//! The books of each company. [`Catalogue`] is the only door; [`router`] is the HTTP in front of it.

mod api;
mod error;
mod model;
mod service;
mod store;

pub use api::{openapi, router};
pub use error::Error;
pub use model::{
    Author, Book, BookId, BookKey, Change, Details, Expected, Filter, Isbn, IsbnError, Listing, Needle,
    PublishedYear, ShelfNumber, ShelfNumberError, TextError, Title, Version, YearError,
};
pub use service::{Addition, Catalogue, Outcome};
