//! What an issuer's tokens must say, and what is read from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use comporta_http::Principal;
use comporta_jwt::{Algorithm, Claims, Token, TokenError};
use comporta_kernel::CompanyId;

use super::{IssuersError, Refusal};
use crate::config;

/// By how many seconds an issuer's clock may be off.
const LEEWAY: i64 = 60;
/// Bytes of the longest name of a subject: what OpenID Connect allows.
const LONGEST_SUBJECT: usize = 255;
/// What a company's, a subject's and a principal's own memory come to, about.
const ADMISSION_BYTES: usize = 512;

pub(super) struct Rules {
    issuer: String,
    audience: Vec<String>,
    algorithms: Vec<Algorithm>,
    company: CompanyRule,
    scopes_claim: String,
    scopes_prefix: String,
    /// Its tokens are issued here: only they may say that a caller just tries things out.
    is_ours: bool,
}

struct CompanyRule {
    claim: String,
    /// Without it the claim holds the id itself.
    map: Option<BTreeMap<String, CompanyId>>,
}

/// What a good token opens, and until when.
pub(super) struct Admission {
    pub(super) principal: Arc<Principal>,
    /// Its `client_id`, where it has one.
    pub(super) client: Option<Box<str>>,
    /// Seconds since 1970.
    pub(super) expires: i64,
}

impl Admission {
    /// Bytes it takes, about.
    pub(super) fn size(&self) -> usize {
        let scopes = self.principal.scopes.iter().map(|scope| scope.len() + 40).sum::<usize>();
        ADMISSION_BYTES + scopes
    }
}

impl Rules {
    pub(super) fn read(settings: &config::Issuer) -> Result<Self, IssuersError> {
        let issuer = settings.issuer.as_str().to_owned();
        if settings.audience.is_empty() {
            return Err(IssuersError::Audience { issuer });
        }
        if settings.algorithms.contains(&Algorithm::HS256) {
            return Err(IssuersError::Algorithm { issuer });
        }
        let algorithms = match settings.algorithms.as_slice() {
            [] => Algorithm::PUBLIC.to_vec(),
            some => some.to_vec(),
        };
        Ok(Self {
            audience: settings.audience.clone(),
            algorithms,
            company: CompanyRule::read(&settings.company, &issuer)?,
            scopes_claim: settings.scopes_claim.clone(),
            scopes_prefix: settings.scopes_prefix.clone(),
            is_ours: false,
            issuer,
        })
    }

    /// The rules of the installation's own issuer.
    pub(super) fn our_own(self) -> Self {
        Self { is_ours: true, ..self }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// Refuses what says in its header that it is no access token (RFC 8725 section 3.11): a logout token, a signed
    /// request, a security event.
    pub(super) fn check_type(&self, token: &Token<'_>) -> Result<(), Refusal> {
        let is_access = token.typ().is_none_or(|typ| {
            ["JWT", "at+jwt", "application/at+jwt"].iter().any(|access| typ.eq_ignore_ascii_case(access))
        });
        if is_access { Ok(()) } else { Err(Refusal::Kind) }
    }

    /// Whose a verified token is.
    pub(super) fn admit(&self, claims: &Claims, now: i64) -> Result<Admission, Refusal> {
        claims.check_issuer(&self.issuer)?;
        claims.check_time(now, LEEWAY)?;
        check_kind(claims)?;
        claims.check_audience(audience_claim(claims), &self.audience)?;
        let actor = format!("jwt:{}", subject(claims)?);
        let principal = Principal {
            company_id: self.company.of(claims)?,
            actor: actor.into(),
            live: !self.is_ours || claims.get("live").is_none_or(|live| live == true),
            scopes: self.scopes(claims).map(str::to_owned).collect(),
        };
        Ok(Admission {
            principal: Arc::new(principal),
            client: claims.text("client_id").map(Into::into),
            expires: claims.seconds("exp").ok_or(TokenError::Claim("exp"))?,
        })
    }

    /// Where a prefix is set, a scope without it is another API's.
    fn scopes<'a>(&'a self, claims: &'a Claims) -> impl Iterator<Item = &'a str> {
        claims.words(&self.scopes_claim).filter_map(|scope| scope.strip_prefix(self.scopes_prefix.as_str()))
    }
}

/// An ID token tells a client who signed in; it opens no API, though its audience may be one that is taken. Amazon
/// Cognito marks tokens by `token_use`, Keycloak by `typ`. A token bound to a key (`cnf`, RFC 7800) is worth
/// something only with a proof of that key, and none is checked here.
fn check_kind(claims: &Claims) -> Result<(), Refusal> {
    let cognito = claims.get("token_use").is_none_or(|of| of == "access");
    let keycloak = claims.get("typ").is_none_or(|typ| typ == "Bearer");
    if cognito && keycloak && claims.get("cnf").is_none() { Ok(()) } else { Err(Refusal::Kind) }
}

/// Access tokens of Amazon Cognito have no `aud`, unless asked for a resource (RFC 8707).
fn audience_claim(claims: &Claims) -> &'static str {
    let of_client = claims.text("token_use") == Some("access") && claims.get("aud").is_none();
    if of_client { "client_id" } else { "aud" }
}

fn subject(claims: &Claims) -> Result<&str, Refusal> {
    let subject = claims.text("sub").or_else(|| claims.text("client_id")).ok_or(Refusal::Subject)?;
    let fits = (1..=LONGEST_SUBJECT).contains(&subject.len()) && !subject.contains(char::is_control);
    if fits { Ok(subject) } else { Err(Refusal::Subject) }
}

impl CompanyRule {
    fn read(settings: &config::CompanyClaim, issuer: &str) -> Result<Self, IssuersError> {
        let mapped = |(value, company): (&String, &String)| match company.parse() {
            Ok(company) => Ok((value.clone(), company)),
            Err(_) => Err(IssuersError::Company { issuer: issuer.to_owned(), value: value.clone() }),
        };
        let map = settings.map.iter().map(mapped).collect::<Result<BTreeMap<_, _>, _>>()?;
        Ok(Self { claim: settings.claim.clone(), map: (!map.is_empty()).then_some(map) })
    }

    fn of(&self, claims: &Claims) -> Result<CompanyId, Refusal> {
        let value = claims.text(&self.claim).ok_or(Refusal::Company)?;
        let company = match &self.map {
            Some(map) => map.get(value).copied(),
            None => value.parse().ok(),
        };
        company.ok_or(Refusal::Company)
    }
}
