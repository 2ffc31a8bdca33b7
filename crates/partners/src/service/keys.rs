//! What can be done with keys.

use comporta_db::Tx;
use comporta_kernel::CompanyId;

use super::{IssuedKey, Partners, RotatedKey};
use crate::model::{Changes, Holding, Rotation};
use crate::{ApiKeyText, Error, Key, KeyId, NewKey, Overlap};

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
        self.store.insert_key(tx, &key, &self.pepper.digest(&text)).await?;
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
        let (new, digest) = (text.id(), self.pepper.digest(&text));
        let rotation = Rotation { old: id, new, digest, overlap, at: self.clock.now() };
        let (key, previous) = self.store.rotate_key(rotation).await?;
        tracing::info!(company_id = %key.company_id, key_id = %id, new_key_id = %key.id, "a key was rotated");
        Ok(RotatedKey { issued: IssuedKey { key, text }, previous })
    }

    /// Takes a key back for good. Again changes nothing.
    ///
    /// # Errors
    /// [`Error::NoSuchKey`].
    pub async fn revoke_key(&self, id: KeyId) -> Result<Key, Error> {
        let key = self.store.revoke_key(id, self.clock.now()).await?;
        tracing::info!(company_id = %key.company_id, key_id = %id, "a key was revoked");
        Ok(key)
    }

    pub(crate) async fn changes_since(&self, epoch: i64) -> Result<Changes, Error> {
        self.store.changes_since(epoch).await
    }

    pub(crate) async fn holding(&self, id: KeyId) -> Result<Option<Holding>, Error> {
        self.store.holding(id).await
    }
}
