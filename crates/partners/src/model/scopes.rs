//! What a key may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::json_text;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident $text:literal;)+) => {
        /// One thing that a key may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Scope {
            $($(#[$doc])* $name,)+
        }

        impl Scope {
            /// Every scope there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

scopes! {
    /// See accounts, entries, balances and reports.
    LedgerRead "ledger:read";
    /// Record and reverse entries, add accounts.
    LedgerWrite "ledger:write";
    /// Close and reopen months.
    LedgerAdmin "ledger:admin";
    /// See boletos.
    BoletosRead "boletos:read";
    /// Issue and change boletos.
    BoletosWrite "boletos:write";
    /// See books.
    BooksRead "books:read";
    /// Change books.
    BooksWrite "books:write";
}

/// A word that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such scope: expected one of {}", list(Scope::ALL.iter().copied(), ", "))]
pub struct ScopeError;

/// No scopes at all, or a word that names none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopesError {
    /// None was given.
    #[error("expected at least one scope")]
    None,
    /// One is not known.
    #[error(transparent)]
    Unknown(#[from] ScopeError),
}

/// Everything that one key may do: at least one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Scope>")]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Every scope there is.
    #[must_use]
    pub fn all() -> Self {
        Self(Scope::ALL.iter().copied().collect())
    }

    /// Each scope once, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
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
        if scopes.is_empty() { Err(ScopesError::None) } else { Ok(Self(scopes)) }
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
        f.write_str(&list(self.iter(), " "))
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(ScopeError)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

json_text!(Scope);

fn list(scopes: impl Iterator<Item = Scope>, between: &str) -> String {
    scopes.map(Scope::as_str).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_from_what_is_stored() {
        let all = Scopes::all();
        assert_eq!(Scopes::from_stored(&all.to_string()), all);
        assert_eq!("all".parse(), Ok(all));
        let two: Scopes = "books:read, ledger:read,books:read".parse().unwrap();
        assert_eq!(two.to_string(), "ledger:read books:read");
        assert_eq!(Scopes::from_stored("ledger:read later:scope books:read"), two);
    }

    #[test]
    fn an_unknown_scope_or_none_at_all_is_refused() {
        assert_eq!(" ,".parse::<Scopes>(), Err(ScopesError::None));
        let refusal = "ledger:read,ledger".parse::<Scopes>().unwrap_err();
        assert!(refusal.to_string().contains("expected one of ledger:read, ledger:write"), "{refusal}");
    }
}
