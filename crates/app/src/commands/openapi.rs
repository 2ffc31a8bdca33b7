//! `comporta openapi`: the document of the public API.

use super::{Error, print};

/// Prints the document.
///
/// # Errors
/// When it cannot be written.
pub fn run() -> Result<(), Error> {
    print(&crate::openapi::text())
}
