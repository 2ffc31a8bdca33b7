//! Text that is never printed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// What stands where a secret would.
const HIDDEN: &str = "***";

/// A password, a key or a URL that may hold one. Shows itself only to who asks by `expose`.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Secret(String);

impl Secret {
    /// The name under which the settings' reader knows this type, to resolve references in it.
    pub const TYPE_NAME: &'static str = "Secret";

    /// Keeps a text from being printed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Hand it to what needs it, never to a log or an answer.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(HIDDEN)
    }
}
