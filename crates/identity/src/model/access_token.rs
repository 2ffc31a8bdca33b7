//! What an access token says, and which scopes it may carry.

use std::collections::BTreeSet;

use comporta_kernel::{CompanyId, define_id};
use serde::Serialize;

define_id!(
    /// An access token: its `jti`.
    AccessTokenId,
    "tok"
);

/// The claims of an access token (RFC 9068, section 2.2), and the company that it acts for.
#[derive(Debug, Serialize)]
pub(crate) struct AccessClaims<'a> {
    pub(crate) iss: &'a str,
    /// The key that the client authenticated with: a client that acts for itself is its own subject.
    pub(crate) sub: &'a str,
    /// The same key, by which a token's use is refused once the key is revoked.
    pub(crate) client_id: &'a str,
    /// The APIs of this installation go by the issuer's name.
    pub(crate) aud: &'a str,
    /// Seconds since 1970.
    pub(crate) iat: i64,
    /// The first second at which it no longer works.
    pub(crate) exp: i64,
    pub(crate) jti: AccessTokenId,
    pub(crate) scope: &'a str,
    pub(crate) company: CompanyId,
    /// False for a test key's token, which is then counted as one; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) live: Option<bool>,
}

/// A scope was asked for that the client does not hold, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeExceeded;

/// The scopes to grant, in the client's order, between spaces: all that it holds unless it asks for fewer.
pub(crate) fn granted(held: &[String], asked: Option<&str>) -> Result<String, ScopeExceeded> {
    let Some(asked) = asked else { return Ok(held.join(" ")) };
    let asked: BTreeSet<&str> = asked.split(' ').filter(|scope| !scope.is_empty()).collect();
    let granted: Vec<&str> = held.iter().map(String::as_str).filter(|scope| asked.contains(scope)).collect();
    if granted.is_empty() || granted.len() < asked.len() {
        return Err(ScopeExceeded);
    }
    Ok(granted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_granted_what_it_asks_for_of_what_it_holds() {
        let held = ["ledger:read".to_owned(), "ledger:write".to_owned(), "books:read".to_owned()];
        let granted = |asked| granted(&held, asked);
        assert_eq!(granted(None).as_deref(), Ok("ledger:read ledger:write books:read"));
        assert_eq!(granted(Some("books:read ledger:read")).as_deref(), Ok("ledger:read books:read"));
        assert_eq!(granted(Some("books:read  books:read")).as_deref(), Ok("books:read"));
        for exceeding in ["books:write", "books:read books:write", "ledger", " "] {
            assert_eq!(granted(Some(exceeding)), Err(ScopeExceeded), "{exceeding}");
        }
    }
}
