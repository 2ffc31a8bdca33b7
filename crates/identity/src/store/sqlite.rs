//! Staff and signing keys in SQLite.

use async_trait::async_trait;
use comporta_db::columns::{from_micros, from_text, to_micros};
use comporta_db::{Connection, Sqlite, Tx};
use comporta_kernel::TypedId as _;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, refused, statements};
use crate::model::KeptKey;
use crate::{Error, NewStaff, SigningKeyId, Staff, StaffEmail, StaffId};

pub(super) struct SqliteStore(pub(super) Sqlite);

#[async_trait]
impl Store for SqliteStore {
    async fn insert(&self, tx: &mut Tx, new: &NewStaff) -> Result<(), Error> {
        let Connection::Sqlite(db) = tx.connection() else {
            return Err(comporta_db::Error::WrongEngine.into());
        };
        let query = sqlx::query(statements::INSERT)
            .bind(new.staff.id.uuid())
            .bind(new.staff.email.as_str())
            .bind(&new.password_hash)
            .bind(new.token.digest().to_vec())
            .bind(to_micros(new.staff.created_at));
        query.execute(db).await.map(drop).map_err(refused)
    }

    async fn set_password(&self, email: &StaffEmail, hash: &str) -> Result<Staff, Error> {
        let query = sqlx::query(statements::SET_PASSWORD).bind(email.as_str()).bind(hash);
        let mut turn = self.0.write().await?;
        let staff = read(&query.fetch_optional(&mut *turn).await?.ok_or(Error::NoSuchStaff)?)?;
        turn.commit().await?;
        Ok(staff)
    }

    async fn set_token(&self, id: StaffId, digest: &[u8; 32]) -> Result<(), Error> {
        let query = sqlx::query(statements::SET_TOKEN).bind(id.uuid()).bind(&digest[..]);
        let mut turn = self.0.write().await?;
        query.execute(&mut *turn).await?;
        Ok(turn.commit().await?)
    }

    async fn by_email(&self, email: &StaffEmail) -> Result<Option<(Staff, String)>, Error> {
        let query = sqlx::query(statements::BY_EMAIL).bind(email.as_str());
        let Some(row) = query.fetch_optional(self.0.readers()).await? else { return Ok(None) };
        Ok(Some((read(&row)?, row.try_get("password_hash")?)))
    }

    async fn by_id(&self, id: StaffId) -> Result<Option<(Staff, Vec<u8>)>, Error> {
        let query = sqlx::query(statements::BY_ID).bind(id.uuid());
        let Some(row) = query.fetch_optional(self.0.readers()).await? else { return Ok(None) };
        Ok(Some((read(&row)?, row.try_get("token_digest")?)))
    }

    async fn signing_keys(&self) -> Result<Vec<KeptKey>, Error> {
        let rows = sqlx::query(statements::SIGNING_KEYS).fetch_all(self.0.readers()).await?;
        rows.iter().map(read_signing_key).collect()
    }

    async fn insert_signing_key(&self, key: &KeptKey) -> Result<bool, Error> {
        let query = sqlx::query(statements::INSERT_SIGNING_KEY)
            .bind(key.id.uuid())
            .bind(key.algorithm.as_str())
            .bind(key.generation)
            .bind(&key.sealed)
            .bind(to_micros(key.created_at))
            .bind(to_micros(key.signs_from));
        let mut turn = self.0.write().await?;
        let is_new = query.execute(&mut *turn).await?.rows_affected() == 1;
        turn.commit().await?;
        Ok(is_new)
    }

    async fn reseal_signing_key(&self, id: SigningKeyId, old: &[u8], new: &[u8]) -> Result<(), Error> {
        let mut turn = self.0.write().await?;
        let query = sqlx::query(statements::RESEAL_SIGNING_KEY).bind(id.uuid()).bind(old).bind(new);
        query.execute(&mut *turn).await?;
        Ok(turn.commit().await?)
    }

    async fn delete_signing_keys(&self, ids: &[SigningKeyId]) -> Result<(), Error> {
        let mut turn = self.0.write().await?;
        for id in ids {
            sqlx::query(statements::DELETE_SIGNING_KEY).bind(id.uuid()).execute(&mut *turn).await?;
        }
        Ok(turn.commit().await?)
    }
}

fn read(row: &SqliteRow) -> Result<Staff, Error> {
    Ok(Staff {
        id: StaffId::from_uuid(row.try_get("id")?),
        email: from_text(row.try_get("email")?, "staff.email")?,
        created_at: from_micros(row.try_get("created_at")?, "staff.created_at")?,
    })
}

fn read_signing_key(row: &SqliteRow) -> Result<KeptKey, Error> {
    Ok(KeptKey {
        id: SigningKeyId::from_uuid(row.try_get("id")?),
        algorithm: from_text(row.try_get("algorithm")?, "signing_key.algorithm")?,
        generation: row.try_get("generation")?,
        sealed: row.try_get("sealed")?,
        created_at: from_micros(row.try_get("created_at")?, "signing_key.created_at")?,
        signs_from: from_micros(row.try_get("signs_from")?, "signing_key.signs_from")?,
    })
}
