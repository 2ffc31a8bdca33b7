//! What is wrong with the settings of a route, and where.

use std::fmt;

/// A fault in a route's settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    /// The route, by its place in the list.
    pub(crate) route: usize,
    /// The field within the route, such as `match.path` or `match.hosts.0`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) message: String,
}

impl Fault {
    pub(super) fn new(route: usize, field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { route, field: field.into(), message: message.to_string() }
    }
}
