//! What a target wants to be shown in place of the caller's key.

mod fetched;
mod kept;
mod minted;
mod vouched;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comporta_http::{Principal, Problem};
use comporta_jwt::{Algorithm, SigningKey};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use self::fetched::Fetched;
use self::minted::Minted;
use self::vouched::Vouched;
pub use self::vouched::{PRINCIPAL_AUDIENCE, PRINCIPAL_HEADER, PRINCIPAL_TYPE};
use crate::config::{self, Upstream};
use crate::gateway::Neighbours;
use crate::headers::Headers;

/// The installation's own signing keys, whose public halves are in its JWKS.
pub trait Signer: Send + Sync {
    /// The key that signs now; `None` where there is none of that kind. From memory, for each token.
    fn key(&self, algorithm: Algorithm) -> Option<Arc<SigningKey>>;

    /// The `iss` of tokens signed with it.
    fn issuer(&self) -> &str;
}

/// A way to be known to an upstream.
pub(crate) enum Credential {
    /// A token minted for each company.
    Minted(Box<Minted>),
    /// A token fetched from the upstream's own login.
    Fetched(Arc<Fetched>),
    /// The caller's principal, signed: for services of this installation.
    Vouched(Box<Vouched>),
    /// The same headers each time.
    Headers(Vec<(HeaderName, HeaderValue)>),
}

/// A field of the settings, and what is wrong with it.
pub(crate) type CredentialFault = (String, String);

impl Credential {
    /// Whether it is for services of this installation.
    pub(crate) const fn is_vouched(&self) -> bool {
        matches!(self, Self::Vouched(_))
    }

    /// The credential of an upstream, if it has one.
    pub(crate) fn compile(
        upstream: &Upstream,
        neighbours: &Neighbours,
    ) -> Result<Option<Self>, CredentialFault> {
        let config = match (&upstream.credential, upstream.principal) {
            (None, false) => return Ok(None),
            (None, true) => return Ok(Some(Self::Vouched(Box::new(Vouched::new(neighbours))))),
            (Some(_), true) => {
                return Err((String::new(), "expected no credential beside principal: true".to_owned()));
            }
            (Some(config), false) => config,
        };
        let given = [
            config.jwt.is_some(),
            config.token.is_some(),
            config.basic.is_some(),
            !config.headers.is_empty(),
        ];
        if given.into_iter().filter(|given| *given).count() != 1 {
            return Err((String::new(), "expected one of jwt, token, basic and headers".to_owned()));
        }
        match config {
            config::Credential { jwt: Some(jwt), .. } => {
                Minted::new(jwt, neighbours).map(|minted| Some(Self::Minted(Box::new(minted))))
            }
            config::Credential { token: Some(token), .. } => {
                Fetched::new(token, neighbours).map(|fetched| Some(Self::Fetched(Arc::new(fetched))))
            }
            config::Credential { basic: Some(basic), .. } => {
                let value = format!("Basic {}", STANDARD.encode(basic.expose()));
                let value = secret_header(&value).ok_or_else(|| wrong("basic", "expected user:password"))?;
                Ok(Some(Self::Headers(vec![(AUTHORIZATION, value)])))
            }
            config::Credential { headers, .. } => {
                let headers = headers.iter().map(|(name, value)| {
                    let read =
                        HeaderName::from_bytes(name.as_bytes()).ok().zip(secret_header(value.expose()));
                    read.ok_or_else(|| {
                        wrong(&format!("headers.{name}"), "expected a header's name and value")
                    })
                });
                headers.collect::<Result<_, _>>().map(|headers| Some(Self::Headers(headers)))
            }
        }
    }

    /// Shows it in a request's headers.
    pub(crate) async fn show(
        &self,
        principal: Option<&Principal>,
        headers: &mut Headers,
    ) -> Result<(), Box<Problem>> {
        match self {
            Self::Minted(minted) => minted.show(principal, headers),
            Self::Fetched(fetched) => fetched.show(headers).await,
            Self::Vouched(vouched) => vouched.show(principal, headers),
            Self::Headers(fixed) => {
                for (name, value) in fixed {
                    headers.insert(name, value.clone());
                }
                Ok(())
            }
        }
    }
}

fn wrong(field: &str, message: &str) -> CredentialFault {
    (field.to_owned(), message.to_owned())
}

/// A header's value that `Debug` does not show.
fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn unavailable() -> Box<Problem> {
    Box::new(Problem::unavailable("the gateway has no credential for the upstream just now"))
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minted(_) => "Minted",
            Self::Fetched(_) => "Fetched",
            Self::Vouched(_) => "Vouched",
            Self::Headers(_) => "Headers",
        })
    }
}
