//! The name that tokens are issued under.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// An issuer: an `https` or `http` URL without query, fragment or a slash at its end (RFC 8414, section 2). The
/// endpoints lie below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issuer(String);

/// Text that is no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a URL such as https://api.example.com, without query, fragment or a slash at its end")]
pub struct IssuerError;

impl Issuer {
    /// As it stands in `iss`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a path below it, which begins with a slash.
    pub(crate) fn below(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest =
            text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(IssuerError)?;
        let is_plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\\".contains(&byte));
        let has_host = !rest.is_empty() && !rest.starts_with([':', '/']);
        if is_plain && has_host && !rest.ends_with('/') {
            Ok(Self(text.to_owned()))
        } else {
            Err(IssuerError)
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_lie_below_the_issuer() {
        let issuer: Issuer = "https://api.example.com:8443/comporta".parse().unwrap();
        assert_eq!(issuer.below("/oauth2/token"), "https://api.example.com:8443/comporta/oauth2/token");
        assert!("http://127.0.0.1:8080".parse::<Issuer>().is_ok());
    }

    #[test]
    fn what_would_not_compare_or_lead_anywhere_is_refused() {
        for wrong in [
            "",
            "api.example.com",
            "ftp://api.example.com",
            "https://",
            "https:///path",
            "https://:443",
            "https://api.example.com/",
            "https://api.example.com?a=b",
            "https://api.example.com#a",
            "https://user@api.example.com",
            "https://api.example.com/a b",
        ] {
            assert_eq!(wrong.parse::<Issuer>(), Err(IssuerError), "{wrong}");
        }
    }
}
