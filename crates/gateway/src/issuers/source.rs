//! Where an issuer's keys come from: fetched over HTTP, or handed over in process.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;

use super::key_set::KeySet;
use super::remote::Remote;
use super::{ClientStanding, LocalIssuer, Refusal};
use crate::config;

pub(super) enum Source {
    Remote(Arc<Remote>),
    Local { issuer: Arc<dyn LocalIssuer>, read: ArcSwap<KeySet> },
}

impl Source {
    pub(super) fn local(issuer: Arc<dyn LocalIssuer>) -> Self {
        let read = ArcSwap::from_pointee(KeySet::new(issuer.jwks()));
        Self::Local { issuer, read }
    }

    /// The keys as they stand; the same place in memory until they change.
    pub(super) fn keys(&self) -> Arc<KeySet> {
        match self {
            Self::Remote(remote) => remote.keys(),
            Self::Local { issuer, read } => {
                let published = issuer.jwks();
                let known = read.load();
                if Arc::ptr_eq(known.published(), &published) {
                    return Arc::clone(&known);
                }
                let keys = Arc::new(KeySet::new(published));
                read.store(Arc::clone(&keys));
                keys
            }
        }
    }

    /// Whether these are still the keys.
    pub(super) fn holds(&self, keys: &Arc<KeySet>) -> bool {
        match self {
            Self::Remote(remote) => remote.holds(keys),
            Self::Local { issuer, .. } => Arc::ptr_eq(&issuer.jwks(), keys.published()),
        }
    }

    /// Whether the issuer may be asked for newer keys now.
    pub(super) fn may_ask(&self) -> bool {
        match self {
            Self::Remote(remote) => remote.may_ask(),
            Self::Local { .. } => false,
        }
    }

    /// Asks the issuer for newer keys, or waits for the answer that somebody else has asked for.
    pub(super) async fn ask(&self, runtime: &Handle) {
        if let Self::Remote(remote) = self {
            remote.ask(runtime).await;
        }
    }

    /// Why a token whose key is not there is refused.
    pub(super) fn without_key(&self) -> Refusal {
        if self.keys().is_empty() { Refusal::Unavailable } else { Refusal::UnknownKey }
    }

    /// How a token's client stands; of others' clients only their issuers know.
    pub(super) fn standing(&self, client: Option<&str>, from: IpAddr) -> ClientStanding {
        match (self, client) {
            (Self::Remote(_), _) => ClientStanding::Good,
            (Self::Local { issuer, .. }, Some(client)) => issuer.standing(client, from),
            (Self::Local { .. }, None) => ClientStanding::Ended,
        }
    }

    /// The keys' follower, if it asks just as one by these settings would.
    pub(super) fn remote_of(&self, settings: &config::Issuer) -> Option<Arc<Remote>> {
        match self {
            Self::Remote(remote) if remote.asks_as(settings) => Some(Arc::clone(remote)),
            _ => None,
        }
    }
}
