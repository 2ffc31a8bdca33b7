//! The head of a request, whichever version of HTTP told it.

use http::request::Parts;
use http::{Method, Uri, Version};

use crate::headers::Headers;

/// What is asked for, and what is said of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
}

impl Head {
    /// Lets go of what was asked, which is pieces of a connection's buffer. The room for headers stays.
    pub(crate) fn clear(&mut self) {
        self.uri = Uri::default();
        self.headers.clear();
    }
}

impl From<Parts> for Head {
    fn from(parts: Parts) -> Self {
        let Parts { method, uri, version, headers, .. } = parts;
        Self { method, uri, version, headers: headers.into() }
    }
}
