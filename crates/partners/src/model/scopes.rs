//! What a key may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::json_text;

/// The product's own scopes: what the services ask for.
const OWN: [&str; 7] = [
    // See accounts, entries, balances and reports.
    "ledger:read",
    // Record and reverse entries, add accounts.
    "ledger:write",
    // Close and reopen months.
    "ledger:admin",
    // See boletos.
    "boletos:read",
    // Issue and change boletos.
    "boletos:write",
    // See books.
    "books:read",
    // Change books.
    "books:write",
];
/// Longest name of a scope.
const LONGEST: usize = 64;
/// Most scopes of one key: all of them travel in its tokens.
const MOST: usize = 64;

/// One thing that a key may do: `ledger:read`, or `orders:read` of an API that an operator publishes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope(Box<str>);

/// A word that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// It has not the form of one.
    #[error(
        "expected a scope such as orders:read: lower-case words with a colon between, at most {LONGEST} characters"
    )]
    Malformed,
    /// One of the product's own was meant.
    #[error("there is no such scope: expected one of {}", OWN.join(", "))]
    Unknown,
}

/// No scopes at all, or a word that names none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopesError {
    /// None was given.
    #[error("expected at least one scope")]
    None,
    /// One is not known.
    #[error(transparent)]
    Unknown(#[from] ScopeError),
    /// More than a key may hold.
    #[error("expected at most {MOST} scopes")]
    TooMany,
}

/// Everything that one key may do: at least one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Scope>")]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Every scope that the product itself asks for.
    #[must_use]
    pub fn all() -> Self {
        Self(OWN.iter().map(|scope| Scope((*scope).into())).collect())
    }

    /// Each scope once, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// As they are stored. Words of a newer version are passed over, so that while versions run side by side a
    /// key loses nothing that this version could grant.
    pub(crate) fn from_stored(text: &str) -> Self {
        Self(text.split(' ').filter_map(|word| word.parse().ok()).collect())
    }
}

impl TryFrom<BTreeSet<Scope>> for Scopes {
    type Error = ScopesError;

    fn try_from(scopes: BTreeSet<Scope>) -> Result<Self, Self::Error> {
        match scopes.len() {
            0 => Err(ScopesError::None),
            1..=MOST => Ok(Self(scopes)),
            _ => Err(ScopesError::TooMany),
        }
    }
}

impl FromStr for Scopes {
    type Err = ScopesError;

    /// Words between commas or spaces; `all` for every scope.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split([',', ' ']).filter(|word| !word.is_empty()).collect();
        if words == ["all"] {
            return Ok(Self::all());
        }
        words.iter().map(|word| word.parse()).collect::<Result<BTreeSet<Scope>, _>>()?.try_into()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            write!(f, "{}{scope}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let parts = text.split_once(':').filter(|(of, what)| word(of) && word(what) && text.len() <= LONGEST);
        let (of, _) = parts.ok_or(ScopeError::Malformed)?;
        // Of the product's own families only what there is: a slip must not become a scope that opens nothing.
        let own = OWN.iter().any(|own| own.split(':').next() == Some(of));
        if own && !OWN.contains(&text) { Err(ScopeError::Unknown) } else { Ok(Self(text.into())) }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Scope {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

json_text!(Scope);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_from_what_is_stored() {
        let all = Scopes::all();
        assert_eq!(Scopes::from_stored(&all.to_string()), all);
        assert_eq!("all".parse(), Ok(all));
        let two: Scopes = "books:read, ledger:read,books:read".parse().unwrap();
        assert_eq!(two.to_string(), "books:read ledger:read");
        assert_eq!(Scopes::from_stored("ledger:read ledger:later books:read"), two);
        let published: Scopes = "orders:read,orders:write-all".parse().unwrap();
        assert_eq!(Scopes::from_stored(&published.to_string()), published);
    }

    #[test]
    fn an_unknown_scope_or_none_at_all_is_refused() {
        assert_eq!(" ,".parse::<Scopes>(), Err(ScopesError::None));
        for malformed in ["ledger", "a:", ":b", "A:b", "a:b:c", "a b", &format!("a:{}", "b".repeat(63))] {
            assert_eq!(malformed.parse::<Scope>(), Err(ScopeError::Malformed), "{malformed}");
        }
        let many: Vec<String> = (0..=MOST).map(|number| format!("a:b{number}")).collect();
        assert_eq!(many.join(",").parse::<Scopes>(), Err(ScopesError::TooMany));
        let refusal = "ledger:read,ledger:raed".parse::<Scopes>().unwrap_err();
        assert!(refusal.to_string().contains("expected one of ledger:read, ledger:write"), "{refusal}");
    }
}
