//! PDF documents of text, lines, areas and blocks: vectors in embedded fonts, the same bytes for the same content.
//!
//! The fonts are read and compressed once ([`Fonts::load`]) and embedded in each document as they are, so that a document
//! costs no more than its own content. They hold the characters of Windows code page 1252, which is every letter of
//! Portuguese and English; any other character is shown as `?`.
//!
//! What thousands of pages have in common is printed beforehand on [`Stationery`]; a [`Run`] then writes one document of
//! any number of pages, piece by piece.
//!
//! ```
//! use comporta_pdf::{A4, Document, Fonts, Style, Weight};
//!
//! let fonts = Fonts::load()?;
//! let mut document = Document::new(&fonts, "Olá", "pt-BR");
//! let mut page = document.page(A4);
//! page.text(40.0, 60.0, &Style::new(Weight::Bold, 18.0), "Olá, São Paulo");
//! page.line((40.0, 70.0), (200.0, 70.0), 0.5);
//! let bytes = document.finish();
//! assert!(bytes.starts_with(b"%PDF-1.7"));
//! # Ok::<(), comporta_pdf::FontError>(())
//! ```

mod code_page;
mod document;
mod fit;
mod font;
mod ink;
mod page;
mod run;
mod squeeze;
mod stationery;
mod text;

pub use document::Document;
pub use fit::Lines;
pub use font::{FontError, Fonts, Weight};
pub use page::{A4, Block, Page, Size};
pub use run::{MAX_PAGES, Run, TooManyPages};
pub use stationery::{Form, Stationery};
pub use text::{Align, Colour, Style};
