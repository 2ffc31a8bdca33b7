//! Whose token a caller shows: JWTs of configured issuers and of our own, checked in memory.
//!
//! A token that was found good is remembered until it ends or its issuer's keys change, for a signature costs more
//! than the rest of a request. What may change meanwhile, the company's or the key's standing, is asked each time.

pub(crate) mod fetch;
mod key_set;
mod refusal;
mod remote;
mod rules;
mod source;
mod verified;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use comporta_http::Principal;
use comporta_jwt::{JwkSet, MAX_LENGTH, Token, TokenError};
use comporta_kernel::{Clock, CompanyId};
use tokio::runtime::Handle;

use crate::config;
use fetch::Fetcher;
pub use refusal::{IssuersError, Refusal};
use remote::{Pace, Remote};
use rules::Rules;
use source::Source;
use verified::{Digest, Verified, VerifiedTokens};

/// Who the companies are.
pub trait Companies: Send + Sync {
    /// Whether it exists and is not suspended: from memory, for each request.
    fn is_active(&self, company: CompanyId) -> bool;
}

/// The issuer of this installation, asked in process.
pub trait LocalIssuer: Send + Sync {
    /// Its public keys: the same ones in the same place until they change. From memory, for each request.
    fn jwks(&self) -> Arc<JwkSet>;

    /// How a token's client, by its `client_id`, stands. From memory, for each request, with the caller's address.
    fn standing(&self, client: &str, from: IpAddr) -> ClientStanding;
}

/// Whether a token's client may act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientStanding {
    /// It may.
    Good,
    /// It may no longer.
    Ended,
    /// Not from this address.
    Elsewhere,
}

/// What memory says of a token.
#[derive(Debug)]
pub enum Outcome {
    /// Whose it is, or why it opens nothing.
    Known(Result<Arc<Principal>, Refusal>),
    /// Its issuer may know a key that we do not: [`Issuers::authenticate_or_ask`] asks.
    Ask,
}

/// The issuers whose tokens are taken.
pub struct Issuers {
    trusted: HashMap<String, Arc<Trusted>>,
    verified: VerifiedTokens,
    outside: Outside,
}

/// What issuers need of the world, whatever the settings.
#[derive(Clone)]
struct Outside {
    runtime: Handle,
    companies: Arc<dyn Companies>,
    clock: Clock,
    pace: Pace,
}

struct Trusted {
    rules: Rules,
    source: Source,
}

impl Issuers {
    /// Issuers over HTTP. Their keys are fetched, now and again, by tasks on `runtime`, which must not be that of a
    /// proxy core; they end with the last [`Issuers`] that names the issuer.
    ///
    /// # Errors
    /// [`IssuersError`] when the settings contradict themselves, or no client can be made.
    pub fn new(
        settings: &[config::Issuer],
        runtime: Handle,
        companies: Arc<dyn Companies>,
        clock: Clock,
    ) -> Result<Self, IssuersError> {
        Self::paced(settings, runtime, companies, clock, Pace::USUAL)
    }

    fn paced(
        settings: &[config::Issuer],
        runtime: Handle,
        companies: Arc<dyn Companies>,
        clock: Clock,
        pace: Pace,
    ) -> Result<Self, IssuersError> {
        let outside = Outside { runtime, companies, clock, pace };
        Self { trusted: HashMap::new(), verified: VerifiedTokens::new(), outside }.with(settings, None)
    }

    /// Issuers by new settings. Keys already fetched stay with those that are the same, so that a reload asks nobody
    /// and works while an issuer is down. The local issuer is to be given again.
    ///
    /// # Errors
    /// [`IssuersError`] when the settings contradict themselves.
    pub fn renewed(&self, settings: &[config::Issuer]) -> Result<Self, IssuersError> {
        let fresh =
            Self { trusted: HashMap::new(), verified: VerifiedTokens::new(), outside: self.outside.clone() };
        fresh.with(settings, Some(self))
    }

    /// The same, and the issuer of this installation.
    ///
    /// # Errors
    /// [`IssuersError`] when the settings contradict themselves, or name an issuer that is there.
    pub fn with_local(
        mut self,
        settings: &config::Issuer,
        issuer: Arc<dyn LocalIssuer>,
    ) -> Result<Self, IssuersError> {
        let rules = Rules::read(settings)?.our_own();
        self.trust(rules, Source::local(issuer))?;
        Ok(self)
    }

    fn with(mut self, settings: &[config::Issuer], old: Option<&Self>) -> Result<Self, IssuersError> {
        // Made for the first issuer that needs one: most installations have none.
        let mut client = None;
        for settings in settings {
            let rules = Rules::read(settings)?;
            let known = old.and_then(|old| old.trusted.get(rules.issuer()));
            let remote = match known.and_then(|known| known.source.remote_of(settings)) {
                Some(kept) => kept,
                None => {
                    let client = match &client {
                        Some(made) => made,
                        None => client.insert(fetch::client()?),
                    };
                    let fetcher = Fetcher::new(client.clone(), settings);
                    Remote::start(fetcher, self.outside.pace, &self.outside.runtime)
                }
            };
            self.trust(rules, Source::Remote(remote))?;
        }
        Ok(self)
    }

    fn trust(&mut self, rules: Rules, source: Source) -> Result<(), IssuersError> {
        match self.trusted.entry(rules.issuer().to_owned()) {
            Entry::Occupied(there) => Err(IssuersError::Twice { issuer: there.key().clone() }),
            Entry::Vacant(free) => {
                free.insert(Arc::new(Trusted { rules, source }));
                Ok(())
            }
        }
    }

    /// Whose token this is, from memory alone: fit for a proxy core.
    #[must_use]
    pub fn authenticate(&self, text: &str, from: IpAddr) -> Outcome {
        if text.len() > MAX_LENGTH {
            return Outcome::Known(Err(TokenError::TooLong.into()));
        }
        let digest = Digest::of(text);
        let now = self.outside.clock.now().as_second();
        if let Some(known) = self.verified.get(&digest, now) {
            return Outcome::Known(self.admit(&known, from));
        }
        match self.verify(text, now) {
            Ok(verified) => {
                let verified = Arc::new(verified);
                let admitted = self.admit(&verified, from);
                self.verified.keep(digest, verified);
                Outcome::Known(admitted)
            }
            Err(NotVerified::Refused(refusal)) => Outcome::Known(Err(refusal)),
            Err(NotVerified::NoKey(trusted)) if trusted.source.may_ask() => Outcome::Ask,
            Err(NotVerified::NoKey(trusted)) => Outcome::Known(Err(trusted.source.without_key())),
        }
    }

    /// Whose token this is; when its key is not known, its issuer is asked: once for all who wait, and not more often
    /// than every ten seconds.
    ///
    /// # Errors
    /// Why it opens nothing.
    pub async fn authenticate_or_ask(&self, text: &str, from: IpAddr) -> Result<Arc<Principal>, Refusal> {
        if let Outcome::Known(outcome) = self.authenticate(text, from) {
            return outcome;
        }
        let trusted = self.issuer_of(&Token::parse(text)?)?;
        trusted.source.ask(&self.outside.runtime).await;
        match self.authenticate(text, from) {
            Outcome::Known(outcome) => outcome,
            Outcome::Ask => Err(trusted.source.without_key()),
        }
    }

    fn issuer_of(&self, token: &Token<'_>) -> Result<&Arc<Trusted>, Refusal> {
        let named = token.unverified_issuer().and_then(|issuer| self.trusted.get(issuer));
        named.ok_or(Refusal::UnknownIssuer)
    }

    fn verify(&self, text: &str, now: i64) -> Result<Verified, NotVerified<'_>> {
        let token = Token::parse(text).map_err(Refusal::from)?;
        let trusted = self.issuer_of(&token)?;
        let keys = trusted.source.keys();
        trusted.rules.check_type(&token)?;
        let verified = keys.verify(&token, trusted.rules.algorithms());
        let claims = verified.ok_or(NotVerified::NoKey(trusted))?.map_err(Refusal::from)?;
        let admission = trusted.rules.admit(&claims, now)?;
        Ok(Verified { admission, keys, trusted: Arc::clone(trusted) })
    }

    /// What may have changed since the token was verified.
    fn admit(&self, verified: &Verified, from: IpAddr) -> Result<Arc<Principal>, Refusal> {
        let admission = &verified.admission;
        if !self.outside.companies.is_active(admission.principal.company_id) {
            return Err(Refusal::Company);
        }
        match verified.trusted.source.standing(admission.client.as_deref(), from) {
            ClientStanding::Good => Ok(Arc::clone(&admission.principal)),
            ClientStanding::Ended => Err(Refusal::Client),
            ClientStanding::Elsewhere => Err(Refusal::Address),
        }
    }
}

/// Why a token was not verified.
enum NotVerified<'a> {
    Refused(Refusal),
    /// Its issuer has no such key, as far as we know.
    NoKey(&'a Arc<Trusted>),
}

impl From<Refusal> for NotVerified<'_> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.trusted.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
