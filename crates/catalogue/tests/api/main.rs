//! The catalogue's HTTP, driven through its router as a caller would, over SQLite.
#![cfg(test)]

mod books;
mod client;
mod document;
mod livros;
