//! Where the database is and how many connections to it may be open.

use std::path::PathBuf;
use std::str::FromStr;

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database.
    pub url: Url,
    /// A replica that may serve lists and exports; never balances. PostgreSQL only.
    pub read_url: Option<Url>,
    /// Connections to PostgreSQL at most, per pool.
    pub max_connections: u32,
}

/// A database address whose engine is known. Its text may hold a password, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub enum Url {
    /// `postgres://…` or `postgresql://…`.
    Postgres(String),
    /// `sqlite:PATH`.
    Sqlite(PathBuf),
}

/// An address of neither engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
pub struct UrlError;

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite:").ok_or(UrlError)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let in_memory = path.is_empty() || path.starts_with(":memory:") || path.contains('?');
        if in_memory { Err(UrlError) } else { Ok(Self::Sqlite(path.into())) }
    }
}

impl Url {
    /// The address with any password left out, for logs.
    #[must_use]
    pub fn redacted(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", ""));
                // A query can carry a password too, and that an '@': it goes first. What stands before the last
                // '@' of the rest is the user's.
                let place = rest.split('?').next().unwrap_or_default();
                format!("{scheme}://{}", place.rsplit_once('@').map_or(place, |(_, place)| place))
            }
        }
    }
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_says_which_engine() {
        assert_eq!("sqlite:data/a.db".parse(), Ok(Url::Sqlite("data/a.db".into())));
        assert_eq!("sqlite:///tmp/a.db".parse(), Ok(Url::Sqlite("/tmp/a.db".into())));
        assert!(matches!("postgresql://h/d".parse(), Ok(Url::Postgres(_))));
        for wrong in ["mysql://h/d", "sqlite::memory:", "sqlite:", "data/a.db", "", "sqlite:a?mode=ro"] {
            assert_eq!(wrong.parse::<Url>(), Err(UrlError), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url: Url = "postgres://ann:p@ss@db:5432/c?password=s3cret".parse().unwrap();
        assert_eq!(format!("{url:?}"), "postgres://db:5432/c");
        let url: Url = "postgres://h/d?password=s3cr@et".parse().unwrap();
        assert_eq!(format!("{url:?}"), "postgres://h/d");
    }
}
