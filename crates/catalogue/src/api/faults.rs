//! The fields of a request that do not hold what they should, told all at once.

use std::fmt::Display;

use comporta_http::{FieldError, Problem};

#[derive(Debug, Default)]
pub(super) struct Faults(Vec<FieldError>);

impl Faults {
    /// The value, or a fault at its place.
    pub(super) fn check<T, E: Display>(&mut self, pointer: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|fault| self.add(pointer, fault)).ok()
    }

    pub(super) fn add(&mut self, pointer: &str, fault: impl Display) {
        self.0.push(FieldError::new(pointer, fault));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        Self::invalid(faults.0)
    }
}
