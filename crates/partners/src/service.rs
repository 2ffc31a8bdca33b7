//! The capability's only door.

mod audit;
mod bills;
mod companies;
mod keys;
mod mails_invoices;
mod meter;
mod plans;
mod quotas;
mod reminders;
mod request_log;
mod usage;

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Tx};
use comporta_kernel::{Clock, CompanyId, IdSource, Rng, Timestamp};

use crate::store::audit::AuditStore;
use crate::store::reminders::ReminderStore;
use crate::store::{self, Store, plans::PlanStore};
use crate::{Actor, ApiKeyText, Key, Peppers};

pub use bills::{BillRun, BillingTerms, Bills, BillsInvoices};
pub use mails_invoices::MailsInvoices;
pub use quotas::{Quotas, Taken};
pub use request_log::{RequestLog, Retention};
pub(crate) use usage::MOST_ROWS;
pub use usage::Usage;

/// Whoever must do something in the very transaction that makes a company, such as open its accounts.
#[async_trait]
pub trait OnCompanyCreated: Send + Sync {
    /// The company was made at an instant in this transaction; a failure here undoes it.
    ///
    /// # Errors
    /// When the database fails.
    async fn company_created(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        at: Timestamp,
    ) -> Result<(), comporta_db::Error>;
}

/// Companies and their keys. Cheap to clone.
#[derive(Clone)]
pub struct Partners {
    store: Arc<dyn Store>,
    plans: Arc<dyn PlanStore>,
    trail: Arc<dyn AuditStore>,
    reminders: Arc<dyn ReminderStore>,
    db: Db,
    peppers: Peppers,
    actor: Actor,
    clock: Clock,
    rng: Rng,
    ids: IdSource,
    on_company_created: Arc<dyn OnCompanyCreated>,
}

/// A key just made, with its text: this once.
#[derive(Clone, Debug)]
pub struct IssuedKey {
    /// The key as it is kept.
    pub key: Key,
    /// Its text, kept nowhere.
    pub text: ApiKeyText<'static>,
}

/// What a rotation leaves.
#[derive(Clone, Debug)]
pub struct RotatedKey {
    /// The new key, with its text.
    pub issued: IssuedKey,
    /// The old key, with the instant at which it stops.
    pub previous: Key,
}

impl Partners {
    /// The service on a database.
    #[must_use]
    pub fn new(
        db: &Db,
        peppers: impl Into<Peppers>,
        clock: Clock,
        rng: Rng,
        on_company_created: Arc<dyn OnCompanyCreated>,
    ) -> Self {
        let ids = IdSource::new(clock.clone(), rng.clone());
        Self {
            store: store::of(db),
            plans: store::plans::of(db),
            trail: store::audit::of(db),
            reminders: store::reminders::of(db),
            db: db.clone(),
            peppers: peppers.into(),
            actor: Actor::system(),
            clock,
            rng,
            ids,
            on_company_created,
        }
    }

    /// The clock by which keys expire.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What keys are hashed under.
    #[must_use]
    pub const fn peppers(&self) -> &Peppers {
        &self.peppers
    }
}

impl std::fmt::Debug for Partners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partners").field("db", &self.db).finish_non_exhaustive()
    }
}
