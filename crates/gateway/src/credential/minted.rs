//! A token that is minted here for each company, and kept until it nears its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use comporta_http::{Principal, Problem};
use comporta_jwt::{Algorithm, SigningKey};
use comporta_kernel::{Clock, Rng};
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};

use super::kept::{Kept, KeptTokens};
use super::{CredentialFault, Signer, secret_header, unavailable, wrong};
use crate::config::JwtCredential;
use crate::gateway::Neighbours;
use crate::headers::Headers;

/// What a claim may be filled with.
const PLACES: [&str; 3] = ["{company.id}", "{key.id}", "{scopes}"];

/// How tokens for one upstream are made.
pub(crate) struct Minted {
    key: Key,
    issuer: Option<String>,
    audience: Option<String>,
    claims: BTreeMap<String, String>,
    /// Whether a claim tells one key of a company from another.
    by_key: bool,
    ttl: i64,
    clock: Clock,
    rng: Rng,
    kept: KeptTokens,
}

enum Key {
    Own(Box<SigningKey>),
    Installation(Algorithm, Arc<dyn Signer>),
}

impl Minted {
    pub(super) fn new(config: &JwtCredential, neighbours: &Neighbours) -> Result<Self, CredentialFault> {
        let ttl = i64::try_from(config.ttl.duration().as_secs()).unwrap_or(i64::MAX);
        if !(5..=86_400).contains(&ttl) {
            return Err(wrong("jwt.ttl", "expected from 5s to 24h"));
        }
        for (name, claim) in &config.claims {
            let filled = PLACES.iter().fold(claim.clone(), |claim, place| claim.replace(place, ""));
            if filled.contains(['{', '}']) {
                let message = format!("expected text, with any of {}", PLACES.join(", "));
                return Err(wrong(&format!("jwt.claims.{name}"), &message));
            }
        }
        let mentions = |place: &str| config.claims.values().any(|claim| claim.contains(place));
        Ok(Self {
            key: key(config, neighbours)?,
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            claims: config.claims.clone(),
            by_key: mentions("{key.id}") || mentions("{scopes}"),
            ttl,
            clock: neighbours.clock.clone(),
            rng: neighbours.rng.clone(),
            kept: KeptTokens::new(),
        })
    }

    pub(super) fn show(
        &self,
        principal: Option<&Principal>,
        headers: &mut Headers,
    ) -> Result<(), Box<Problem>> {
        // Nobody's request has nobody's token.
        let Some(principal) = principal else { return Ok(()) };
        let company = principal.company_id.to_string();
        let whose = if self.by_key { format!("{company} {}", principal.actor) } else { company.clone() };
        let now = self.clock.now().as_second();
        let token = self.kept.get_or_make(whose, now, || self.mint(&company, principal, now));
        headers.insert(AUTHORIZATION, token.ok_or_else(unavailable)?);
        Ok(())
    }

    fn mint(&self, company: &str, principal: &Principal, now: i64) -> Option<Kept> {
        let installation;
        let (key, own_issuer) = match &self.key {
            Key::Own(key) => (&**key, "comporta"),
            Key::Installation(algorithm, signer) => {
                installation = signer.key(*algorithm)?;
                (&*installation, signer.issuer())
            }
        };
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", self.issuer.as_deref().unwrap_or(own_issuer).into());
        set("sub", company.into());
        set("iat", now.into());
        set("nbf", now.into());
        set("exp", (now + self.ttl).into());
        set("jti", format!("{:032x}", u128::from_le_bytes(self.rng.bytes())).into());
        if let Some(audience) = &self.audience {
            set("aud", audience.as_str().into());
        }
        for (name, claim) in &self.claims {
            let filled = claim
                .replace("{company.id}", company)
                .replace("{key.id}", &principal.actor)
                .replace("{scopes}", &principal.scopes.join(" "));
            set(name, filled.into());
        }
        let token =
            key.sign(&claims).inspect_err(|error| tracing::error!(%error, "no token can be signed")).ok()?;
        let header = secret_header(&format!("Bearer {token}"))?;
        // A quarter of its life before its end, so that none is shown that ends on its way.
        Some(Kept { header, until: now + self.ttl - (self.ttl / 4).max(1) })
    }
}

fn key(config: &JwtCredential, neighbours: &Neighbours) -> Result<Key, CredentialFault> {
    match (&config.secret, config.algorithm) {
        (Some(secret), Algorithm::HS256) => SigningKey::hs256(secret.expose().as_bytes())
            .map(|key| Key::Own(Box::new(key)))
            .map_err(|error| wrong("jwt.secret", &error.to_string())),
        (Some(secret), algorithm) => SigningKey::from_pkcs8_pem(algorithm, secret.expose(), "upstream")
            .map(|key| Key::Own(Box::new(key)))
            .map_err(|error| wrong("jwt.secret", &error.to_string())),
        (None, algorithm @ (Algorithm::ES256 | Algorithm::EdDSA)) => {
            Ok(Key::Installation(algorithm, Arc::clone(&neighbours.signer)))
        }
        (None, _) => Err(wrong("jwt.secret", "expected the key, for any algorithm but ES256 and EdDSA")),
    }
}
