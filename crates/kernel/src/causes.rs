//! An error with what caused it, for a line of the log.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// Shows an error with all its causes, `a: b: c`. JSON lines of the log hold an error's own text only, and that of
/// a failed statement tells nothing without the database's.
pub struct Causes<'e>(pub &'e (dyn Error + 'static));

impl Display for Causes<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        formatter.write_str(&said)?;
        for cause in std::iter::successors(self.0.source(), |&error| error.source()) {
            let text = cause.to_string();
            // Many libraries end an error's text with its cause's.
            if !said.ends_with(&text) {
                write!(formatter, ": {text}")?;
                said = text;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Told(&'static str, Option<Box<Self>>);

    impl Display for Told {
        fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Told {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn every_cause_is_told_and_none_twice() {
        let full = Told("disk is full", None);
        let refused = Told("the database says: disk is full", Some(Box::new(full)));
        let failed = Told("a statement failed", Some(Box::new(refused)));
        assert_eq!(Causes(&failed).to_string(), "a statement failed: the database says: disk is full");
        assert_eq!(Causes(&Told("alone", None)).to_string(), "alone");
    }
}
