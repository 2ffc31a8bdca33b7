//! The caller's principal, signed, for services of this installation that run in another process.

use std::sync::Arc;

use comporta_http::{Principal, Problem};
use comporta_jwt::Algorithm;
use comporta_kernel::{Clock, Rng};
use http::HeaderName;
use serde::Serialize;

use super::kept::{Kept, KeptTokens};
use super::{Signer, secret_header, unavailable};
use crate::gateway::Neighbours;
use crate::headers::Headers;

/// The header that carries it. A caller cannot send it: what begins like that is refused.
pub const PRINCIPAL_HEADER: HeaderName = HeaderName::from_static("x-comporta-principal");
/// The type in its header, so that no other token of ours is taken for it.
pub const PRINCIPAL_TYPE: &str = "principal+jwt";
/// For whom it is.
pub const PRINCIPAL_AUDIENCE: &str = "urn:comporta:services";

/// How long one is good, in seconds, and how long it is used.
const LIFE: i64 = 30;
const USED: i64 = 15;

/// Signs principals.
pub(crate) struct Vouched {
    signer: Arc<dyn Signer>,
    clock: Clock,
    rng: Rng,
    kept: KeptTokens,
}

/// What it says. Without a company it is nobody's request, to a route where nobody may pass.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    scope: String,
    /// Said of who only tries things out.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<bool>,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Vouched {
    pub(super) fn new(neighbours: &Neighbours) -> Self {
        Self {
            signer: Arc::clone(&neighbours.signer),
            clock: neighbours.clock.clone(),
            rng: neighbours.rng.clone(),
            kept: KeptTokens::new(),
        }
    }

    pub(super) fn show(
        &self,
        principal: Option<&Principal>,
        headers: &mut Headers,
    ) -> Result<(), Box<Problem>> {
        let whose = match principal {
            None => String::new(),
            Some(principal) => {
                let Principal { company_id, actor, live, scopes } = principal;
                format!("{company_id} {actor} {live} {}", scopes.join(" "))
            }
        };
        let now = self.clock.now().as_second();
        let token = self.kept.get_or_make(whose, now, || self.sign(principal, now));
        headers.insert(PRINCIPAL_HEADER, token.ok_or_else(unavailable)?);
        Ok(())
    }

    fn sign(&self, principal: Option<&Principal>, now: i64) -> Option<Kept> {
        let key = self.signer.key(Algorithm::EdDSA)?;
        let claims = Claims {
            iss: self.signer.issuer(),
            aud: PRINCIPAL_AUDIENCE,
            sub: principal.map_or("nobody", |principal| &principal.actor),
            company: principal.map(|principal| principal.company_id.to_string()),
            scope: principal.map(|principal| principal.scopes.join(" ")).unwrap_or_default(),
            live: principal.filter(|principal| !principal.live).map(|_| false),
            iat: now,
            exp: now + LIFE,
            jti: format!("{:032x}", u128::from_le_bytes(self.rng.bytes())),
        };
        let token = key.sign_as(PRINCIPAL_TYPE, &claims);
        let token = token.inspect_err(|error| tracing::error!(%error, "no principal can be signed")).ok()?;
        Some(Kept { header: secret_header(&token)?, until: now + USED })
    }
}
