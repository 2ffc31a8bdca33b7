//! Access tokens for partners: OAuth 2.0 by client credentials (RFC 6749, section 4.4).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use comporta_http::Principal;
use comporta_jwt::SignError;
use comporta_kernel::{Clock, IdSource, Rng, Secret};

use super::SigningKeys;
use crate::model::{AccessClaims, ScopeExceeded, granted};
use crate::{Issuer, LONGEST_TOKEN, SigningAlgorithm};

/// The `typ` of an access token (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";
/// What verifiers most widely know of what is signed with here.
const ALGORITHM: SigningAlgorithm = SigningAlgorithm::Es256;

/// Whoever knows the clients: a client is an API key, its id the client's id and its text the secret.
#[async_trait]
pub trait Clients: Send + Sync {
    /// The principal of the client whose id and secret these are; `None` when they are nobody's, or may not come
    /// in just now.
    ///
    /// # Errors
    /// [`ClientsUnavailable`] when it cannot be told.
    async fn authenticate(
        &self,
        client_id: &str,
        secret: &str,
    ) -> Result<Option<Arc<Principal>>, ClientsUnavailable>;
}

/// Whose credentials these are cannot be told just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("clients cannot be authenticated just now")]
pub struct ClientsUnavailable;

/// Issues access tokens. Cheap to clone.
#[derive(Clone)]
pub struct AuthorizationServer {
    issuer: Issuer,
    keys: SigningKeys,
    clients: Arc<dyn Clients>,
    clock: Clock,
    ids: IdSource,
    /// Whole seconds.
    token_life: i64,
}

/// What a client says of itself.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

/// An access token and what it opens.
pub(crate) struct Grant {
    pub(crate) access_token: String,
    /// Seconds.
    pub(crate) expires_in: i64,
    pub(crate) scope: String,
    /// Whose it is.
    pub(crate) principal: Arc<Principal>,
}

/// Why no token was granted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The credentials are nobody's.
    #[error("the client's id or secret is wrong, or the key no longer works")]
    UnknownClient,
    /// More was asked for than the client holds.
    #[error("the client does not hold every scope that was asked for")]
    Scope,
    /// It cannot be told whose the credentials are.
    #[error(transparent)]
    Unavailable(#[from] ClientsUnavailable),
    /// The token could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl AuthorizationServer {
    /// How long a token lives unless set.
    pub const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

    /// A server that issues tokens under a name. `token_life` is held between a second and [`LONGEST_TOKEN`].
    #[must_use]
    pub fn new(
        issuer: Issuer,
        keys: SigningKeys,
        clients: Arc<dyn Clients>,
        token_life: Duration,
        clock: Clock,
        rng: Rng,
    ) -> Self {
        let token_life = token_life.as_secs().clamp(1, LONGEST_TOKEN.as_secs()).cast_signed();
        let ids = IdSource::new(clock.clone(), rng);
        Self { issuer, keys, clients, clock, ids, token_life }
    }

    pub(crate) const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(crate) const fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// A token for a client, with the scopes that it asks for or else all that it holds.
    pub(crate) async fn grant(&self, client: &Credentials, scope: Option<&str>) -> Result<Grant, Refusal> {
        let principal = self.clients.authenticate(&client.id, client.secret.expose()).await?;
        // The secret alone says whose it is: an id beside it must not be taken on trust.
        let principal = principal.filter(|principal| *principal.actor == *client.id);
        let principal = principal.ok_or(Refusal::UnknownClient)?;
        let scope = granted(&principal.scopes, scope).map_err(|ScopeExceeded| Refusal::Scope)?;
        let now = self.clock.now().as_second();
        let claims = AccessClaims {
            iss: self.issuer.as_str(),
            sub: &principal.actor,
            client_id: &principal.actor,
            aud: self.issuer.as_str(),
            iat: now,
            exp: now + self.token_life,
            jti: self.ids.next(),
            scope: &scope,
            company: principal.company_id,
            live: (!principal.live).then_some(false),
        };
        let access_token = self.keys.current(ALGORITHM).sign_as(TYPE, &claims)?;
        Ok(Grant { access_token, expires_in: self.token_life, scope, principal })
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
