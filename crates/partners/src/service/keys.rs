//! What can be done with keys.

use comporta_db::Tx;
use comporta_kernel::{CompanyId, TypedId as _, Uuid};
use serde_json::{Value, json};

use super::companies::differences;
use super::{IssuedKey, Partners, RotatedKey};
use crate::model::{Changes, Holding, Rehash, Rotation, Use};
use crate::store::Followed;
use crate::{Act, ApiKeyText, Error, Key, KeyChange, KeyId, NewKey, Overlap, PepperId};

/// Rows read at a time: a first load of many keys takes little memory beside what is kept of it.
const PAGE: u16 = 10_000;

impl Partners {
    /// Makes a key for a company.
    ///
    /// # Errors
    /// [`Error::NoSuchCompany`], or [`Error::ExpiryPassed`] for a key that would end before it begins.
    pub async fn create_key(&self, company: CompanyId, new: NewKey) -> Result<IssuedKey, Error> {
        let mut tx = self.db.begin().await?;
        let issued = self.create_key_in(&mut tx, company, new).await?;
        tx.commit().await?;
        tracing::info!(company_id = %company, key_id = %issued.key.id, "a key was made");
        Ok(issued)
    }

    /// The same in a transaction of the caller's.
    ///
    /// # Errors
    /// As [`Partners::create_key`].
    pub async fn create_key_in(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        new: NewKey,
    ) -> Result<IssuedKey, Error> {
        let key = new.made(self.ids.next(), company, self.clock.now())?;
        let text = ApiKeyText::random(key.id, key.mode, &self.rng);
        self.store.insert_key(tx, &key, &self.peppers.current().digest(&text)).await?;
        let mut detail = described(&key);
        detail["mode"] = json!(key.mode);
        detail["scopes"] = json!(key.scopes);
        self.audit_in(tx, Act::new("key.created", key.id).of(company).with(detail)).await?;
        Ok(IssuedKey { key, text })
    }

    /// At most `limit` of a company's keys, oldest first, from after the given one on.
    ///
    /// # Errors
    /// [`Error::NoSuchCompany`].
    pub async fn keys(
        &self,
        company: CompanyId,
        after: Option<KeyId>,
        limit: u16,
    ) -> Result<Vec<Key>, Error> {
        self.company(company).await?;
        self.store.keys(company, after, limit).await
    }

    /// A key, without its text.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`].
    pub async fn key(&self, id: KeyId) -> Result<Key, Error> {
        self.store.key(id).await?.ok_or(Error::NoSuchKey)
    }

    /// Puts a new key, alike in all but its secret, in a key's place; the old one works until the overlap is
    /// over, or until its own end if that is sooner.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`], or for a key that no longer works or was rotated before: [`Error::KeyRevoked`],
    /// [`Error::KeyExpired`], [`Error::KeyReplaced`].
    pub async fn rotate_key(&self, id: KeyId, overlap: Overlap) -> Result<RotatedKey, Error> {
        let mode = self.key(id).await?.mode;
        let text = ApiKeyText::random(self.ids.next(), mode, &self.rng);
        let (new, secret) = (text.id(), self.peppers.current().digest(&text));
        let rotation = Rotation { old: id, new, secret, overlap, at: self.clock.now() };
        let mut tx = self.db.begin().await?;
        let (key, previous) = self.store.rotate_key(&mut tx, rotation).await?;
        let detail = json!({"new_key_id": new, "valid_until": previous.expires_at});
        self.audit_in(&mut tx, Act::new("key.rotated", id).of(key.company_id).with(detail)).await?;
        tx.commit().await?;
        tracing::info!(company_id = %key.company_id, key_id = %id, new_key_id = %key.id, "a key was rotated");
        Ok(RotatedKey { issued: IssuedKey { key, text }, previous })
    }

    /// Takes a key back for good. Again changes nothing.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`].
    pub async fn revoke_key(&self, id: KeyId) -> Result<Key, Error> {
        let mut tx = self.db.begin().await?;
        let (key, is_new) = self.store.revoke_key(&mut tx, id, self.clock.now()).await?;
        if !is_new {
            return Ok(key);
        }
        self.audit_in(&mut tx, Act::new("key.revoked", id).of(key.company_id)).await?;
        tx.commit().await?;
        tracing::info!(company_id = %key.company_id, key_id = %id, "a key was revoked");
        Ok(key)
    }

    /// Changes what a key is called, when it ends, or from where it may be used.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`]; [`Error::KeyRevoked`] or [`Error::KeyExpired`] for a key that no longer works;
    /// [`Error::ExpiryPassed`]; [`Error::KeyReplaced`] for a later end of one that a rotation has replaced.
    pub async fn change_key(&self, id: KeyId, change: KeyChange) -> Result<Key, Error> {
        let mut tx = self.db.begin().await?;
        let (before, key) = self.store.change_key(&mut tx, id, change, self.clock.now()).await?;
        if before != key {
            let detail = differences(&described(&before), &described(&key));
            self.audit_in(&mut tx, Act::new("key.changed", id).of(key.company_id).with(detail)).await?;
        }
        tx.commit().await?;
        tracing::info!(company_id = %key.company_id, key_id = %id, "a key was changed");
        Ok(key)
    }

    /// How many keys that work are under each pepper; `None` for those made before peppers had ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_by_pepper(&self) -> Result<Vec<(Option<PepperId>, u64)>, Error> {
        self.store.keys_by_pepper(self.clock.now()).await
    }

    /// Hands over what has changed after an epoch, a page at a time, and gives the epoch up to which that is all.
    pub(crate) async fn changes_since(&self, epoch: i64, take: impl Fn(Changes)) -> Result<i64, Error> {
        // The epoch first: what changes between the statements is then read twice, never missed.
        let present = self.store.epoch().await?;
        if present == epoch {
            return Ok(epoch);
        }
        let from = (epoch, Uuid::max());
        let mut after = Some(from);
        while let Some(place) = after {
            let companies = self.store.changed_companies(place, PAGE).await?;
            after = next(&companies, |company| (company.epoch, company.company_id.uuid()));
            // After the companies, so that the plan of each of them is among them.
            let plans = self.store.changed_plans(epoch).await?;
            take(Changes { keys: Vec::new(), companies, plans });
        }
        after = Some(from);
        while let Some(place) = after {
            let keys = self.store.changed_keys(place, PAGE).await?;
            after = next(&keys, |key| (key.epoch, key.id.uuid()));
            let plans = self.store.changed_plans(epoch).await?;
            take(Changes { keys, companies: Vec::new(), plans });
        }
        Ok(present)
    }

    pub(crate) async fn holding(&self, id: KeyId) -> Result<Option<Holding>, Error> {
        self.store.holding(id).await
    }

    pub(crate) async fn rehash(&self, rehashes: &[Rehash]) -> Result<(), Error> {
        self.store.rehash(rehashes).await
    }

    pub(crate) async fn note_uses(&self, uses: &[Use]) -> Result<Vec<KeyId>, Error> {
        self.store.note_uses(uses).await
    }
}

/// Where the next page begins, if this one is full.
fn next<T>(page: &[T], place: impl Fn(&T) -> Followed) -> Option<Followed> {
    page.last().filter(|_| page.len() == usize::from(PAGE)).map(place)
}

/// What the trail tells of a key.
fn described(key: &Key) -> Value {
    json!({"name": key.name, "expires_at": key.expires_at, "allowed_addresses": key.allowed_addresses})
}
