//! Books as callers send and see them.

mod book;
mod livro;

use std::fmt::Display;

use serde::{Deserialize, Deserializer};

pub(super) use book::{BookIn, BookOut, BookPatch};
pub(super) use livro::{LivroIn, LivroOut, LivroPatch};

/// A field that is there, even as null, which without this would be the same as left out.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(input: D) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

fn optional<T, U, E: Display>(
    value: Option<T>,
    parse: impl FnOnce(T) -> Result<U, E>,
) -> Result<Option<U>, E> {
    value.map(parse).transpose()
}
