//! The audit trail: each act is written in the transaction that does it.

use comporta_db::Tx;
use comporta_kernel::Timestamp;
use serde_json::json;

use super::Partners;
use crate::{Act, Actor, AuditEntry, AuditFilter, AuditId, Error};

const PEPPER_ROTATED: &str = "pepper.rotated";

impl Partners {
    /// The same service on somebody's behalf: what it does from here on is theirs. Without this it is the program's own.
    #[must_use]
    pub fn acting(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// Notes an act in the transaction that does it. The actor is whom this service acts for.
    ///
    /// # Errors
    /// When the database fails; the transaction is then not to be committed.
    pub async fn audit_in(&self, tx: &mut Tx, act: Act) -> Result<(), Error> {
        let entry = act.done(self.ids.next(), self.clock.now(), &self.actor);
        self.trail.insert(tx, &entry).await
    }

    /// Notes an act that no transaction does, such as a reload.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(&self, act: Act) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        self.audit_in(&mut tx, act).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that keys are hashed under another pepper than the last time: to be called at a start.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_pepper(&self) -> Result<(), Error> {
        let rotated = AuditFilter { action: Some(PEPPER_ROTATED.to_owned()), ..AuditFilter::default() };
        let last = self.audit_trail(&rotated, None, 1).await?.pop().map(|entry| entry.subject);
        let present = self.peppers.current().id().to_string();
        if last.as_ref() != Some(&present) {
            let act = Act::new(PEPPER_ROTATED, &present).with(json!({"from": last}));
            self.audit(act).await?;
            tracing::info!(pepper = present, "keys are hashed under another pepper than before");
        }
        Ok(())
    }

    /// At most `limit` entries of the trail, newest first, from after the given one on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_trail(
        &self,
        filter: &AuditFilter,
        after: Option<(Timestamp, AuditId)>,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, Error> {
        self.trail.list(filter, after, limit).await
    }
}
