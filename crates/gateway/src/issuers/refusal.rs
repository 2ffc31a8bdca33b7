//! Why a token opens nothing, and why settings name no issuers.

use comporta_jwt::TokenError;

use super::fetch::ClientError;

/// Why a token does not open the door. The texts are fit for the caller's eyes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It is malformed, forged, out of its time, or for somebody else.
    #[error("{0}")]
    Token(#[from] TokenError),
    /// No configured issuer is its issuer.
    #[error("the token's issuer is not trusted here")]
    UnknownIssuer,
    /// Its issuer has no such key.
    #[error("the token's key is not known")]
    UnknownKey,
    /// It is an ID token, a refresh token, or bound to a proof that is not checked here.
    #[error("this is not a bearer access token")]
    Kind,
    /// It names nobody, or in too many letters.
    #[error("the token names no subject")]
    Subject,
    /// It names no company that exists and is active.
    #[error("the token names no active company")]
    Company,
    /// The client it was given to may no longer act.
    #[error("the client of this token was revoked")]
    Client,
    /// It is used from an address that its key may not be used from.
    #[error("the API key of this token may not be used from this address")]
    Address,
    /// Its issuer has not answered yet: it may be good.
    #[error("tokens of this issuer cannot be checked just now")]
    Unavailable,
}

impl Refusal {
    /// Whether the same token may be good later: 503, where anything else is 401.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Unavailable)
    }
}

/// What is wrong with the issuers' settings.
#[derive(Debug, thiserror::Error)]
pub enum IssuersError {
    /// One is named twice.
    #[error("the issuer {issuer} is named twice")]
    Twice {
        /// The issuer.
        issuer: String,
    },
    /// Without an audience no token would be taken.
    #[error("the issuer {issuer} has no audience")]
    Audience {
        /// The issuer.
        issuer: String,
    },
    /// A shared secret is nothing that an issuer publishes.
    #[error("the issuer {issuer} has HS256, for which nobody publishes keys")]
    Algorithm {
        /// The issuer.
        issuer: String,
    },
    /// A claim's value leads to something else than a company's id.
    #[error("the issuer {issuer} maps {value:?} to something that is no company's id")]
    Company {
        /// The issuer.
        issuer: String,
        /// The claim's value.
        value: String,
    },
    /// The HTTP client cannot be made.
    #[error("no client to fetch issuers' keys with: {0}")]
    Client(#[from] ClientError),
}
