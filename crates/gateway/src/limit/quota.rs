//! A quota as callers see it: how many calls in a calendar day or month.

/// So many calls in each day or month.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quota {
    /// How many calls.
    pub requests: u64,
    /// In which time.
    pub per: Per,
}

/// What a quota is counted over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Per {
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
}

impl Per {
    /// As it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}
