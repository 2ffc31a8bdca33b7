//! A key as it is held in memory.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use comporta_http::Principal;
use comporta_kernel::Timestamp;

use crate::model::Holding;
use crate::pepper::Under;
use crate::{AllowedAddresses, KeyId, KeyMode, Peppers, Refusal};

/// What it takes to answer for a key without asking anybody.
pub(super) struct Held {
    pub(super) id: KeyId,
    pub(super) digest: [u8; 32],
    pub(super) under: Under,
    pub(super) epoch: i64,
    pub(super) principal: Arc<Principal>,
    pub(super) mark: Arc<Mark>,
    expires_at: Option<Timestamp>,
    revoked: bool,
    suspended: bool,
    addresses: AllowedAddresses,
}

/// What is noted of a key, whatever becomes of it.
#[derive(Debug, Default)]
pub(super) struct Mark {
    /// The minute since 1970 in which it was last used; 0 for never, as far as this process knows.
    used: AtomicU32,
    /// The same as the database has it from us.
    noted: AtomicU32,
    /// Whether its new digest is on its way to the database.
    pub(super) rehashing: AtomicBool,
}

/// Scopes that are alike are kept once: most keys have those of many others.
pub(super) type ScopeSets = BTreeMap<String, Arc<[String]>>;

impl Held {
    pub(super) fn new(holding: &Holding, peppers: &Peppers, sets: &mut ScopeSets) -> Self {
        let scopes = sets
            .entry(holding.scopes.to_string())
            .or_insert_with(|| holding.scopes.iter().map(|scope| scope.as_str().to_owned()).collect());
        let principal = Principal {
            company_id: holding.company_id,
            actor: holding.id.to_string().into(),
            live: holding.mode == KeyMode::Live,
            scopes: Arc::clone(scopes),
        };
        Self {
            id: holding.id,
            digest: holding.secret.bytes,
            under: peppers.under(&holding.secret),
            epoch: holding.epoch,
            principal: Arc::new(principal),
            mark: Arc::default(),
            expires_at: holding.expires_at,
            revoked: holding.revoked,
            suspended: holding.suspended,
            addresses: holding.addresses.clone(),
        }
    }

    /// The same key with what was noted of it before.
    pub(super) fn with_mark(&self, mark: Arc<Mark>) -> Self {
        Self { principal: Arc::clone(&self.principal), addresses: self.addresses.clone(), mark, ..*self }
    }

    /// Whether who holds this key may come in from an address, its secret being right. `None` asks about the key alone.
    pub(super) fn check(&self, from: Option<IpAddr>, now: impl FnOnce() -> Timestamp) -> Result<(), Refusal> {
        if self.revoked {
            return Err(Refusal::Revoked);
        }
        if self.expires_at.is_some_and(|end| end <= now()) {
            return Err(Refusal::Expired);
        }
        if self.suspended {
            return Err(Refusal::Suspended);
        }
        if from.is_none_or(|address| self.addresses.admit(address)) { Ok(()) } else { Err(Refusal::Address) }
    }

    /// Whether it works at an instant, its company's status aside.
    pub(super) fn works(&self, at: Timestamp) -> bool {
        !self.revoked && self.expires_at.is_none_or(|end| end > at)
    }
}

impl Mark {
    /// Notes a use: a read, and once a minute a write.
    pub(super) fn used_in(&self, minute: u32) {
        if self.used.load(Ordering::Relaxed) != minute {
            self.used.store(minute, Ordering::Relaxed);
        }
    }

    /// The minute of the last use, if the database has not heard of it.
    pub(super) fn unheard(&self) -> Option<u32> {
        let used = self.used.load(Ordering::Relaxed);
        (used != self.noted.load(Ordering::Relaxed)).then_some(used)
    }

    /// The database has heard of a minute.
    pub(super) fn heard(&self, minute: u32) {
        self.noted.store(minute, Ordering::Relaxed);
    }
}
