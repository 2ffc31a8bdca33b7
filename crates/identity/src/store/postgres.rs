//! Staff and signing keys in PostgreSQL.

use async_trait::async_trait;
use comporta_db::columns::{PgInstant, from_text, pg_instant};
use comporta_db::{Connection, Postgres, Tx};
use comporta_kernel::TypedId as _;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::{Store, refused, statements};
use crate::model::KeptKey;
use crate::{Error, NewStaff, SigningKeyId, Staff, StaffEmail, StaffId};

pub(super) struct PostgresStore(pub(super) Postgres);

#[async_trait]
impl Store for PostgresStore {
    async fn insert(&self, tx: &mut Tx, new: &NewStaff) -> Result<(), Error> {
        let Connection::Postgres(db) = tx.connection() else {
            return Err(comporta_db::Error::WrongEngine.into());
        };
        let query = sqlx::query(statements::INSERT)
            .bind(new.staff.id.uuid())
            .bind(new.staff.email.as_str())
            .bind(&new.password_hash)
            .bind(new.token.digest().to_vec())
            .bind(pg_instant(new.staff.created_at));
        query.execute(db).await.map(drop).map_err(refused)
    }

    async fn set_password(&self, email: &StaffEmail, hash: &str) -> Result<Staff, Error> {
        let query = sqlx::query(statements::SET_PASSWORD).bind(email.as_str()).bind(hash);
        read(&query.fetch_optional(self.0.primary()).await?.ok_or(Error::NoSuchStaff)?)
    }

    async fn set_token(&self, id: StaffId, digest: &[u8; 32]) -> Result<(), Error> {
        let query = sqlx::query(statements::SET_TOKEN).bind(id.uuid()).bind(&digest[..]);
        query.execute(self.0.primary()).await?;
        Ok(())
    }

    async fn by_email(&self, email: &StaffEmail) -> Result<Option<(Staff, String)>, Error> {
        let query = sqlx::query(statements::BY_EMAIL).bind(email.as_str());
        let Some(row) = query.fetch_optional(self.0.primary()).await? else { return Ok(None) };
        Ok(Some((read(&row)?, row.try_get("password_hash")?)))
    }

    async fn by_id(&self, id: StaffId) -> Result<Option<(Staff, Vec<u8>)>, Error> {
        let query = sqlx::query(statements::BY_ID).bind(id.uuid());
        let Some(row) = query.fetch_optional(self.0.primary()).await? else { return Ok(None) };
        Ok(Some((read(&row)?, row.try_get("token_digest")?)))
    }

    async fn signing_keys(&self) -> Result<Vec<KeptKey>, Error> {
        // The primary: a replica that lags would hide the key that another process signs with already.
        let rows = sqlx::query(statements::SIGNING_KEYS).fetch_all(self.0.primary()).await?;
        rows.iter().map(read_signing_key).collect()
    }

    async fn insert_signing_key(&self, key: &KeptKey) -> Result<bool, Error> {
        let query = sqlx::query(statements::INSERT_SIGNING_KEY)
            .bind(key.id.uuid())
            .bind(key.algorithm.as_str())
            .bind(key.generation)
            .bind(&key.sealed)
            .bind(pg_instant(key.created_at))
            .bind(pg_instant(key.signs_from));
        Ok(query.execute(self.0.primary()).await?.rows_affected() == 1)
    }

    async fn reseal_signing_key(&self, id: SigningKeyId, old: &[u8], new: &[u8]) -> Result<(), Error> {
        let query = sqlx::query(statements::RESEAL_SIGNING_KEY).bind(id.uuid()).bind(old).bind(new);
        query.execute(self.0.primary()).await?;
        Ok(())
    }

    async fn delete_signing_keys(&self, ids: &[SigningKeyId]) -> Result<(), Error> {
        let mut tx = self.0.begin().await?;
        for id in ids {
            sqlx::query(statements::DELETE_SIGNING_KEY).bind(id.uuid()).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn read(row: &PgRow) -> Result<Staff, Error> {
    Ok(Staff {
        id: StaffId::from_uuid(row.try_get("id")?),
        email: from_text(row.try_get("email")?, "staff.email")?,
        created_at: row.try_get::<PgInstant, _>("created_at")?.to_jiff(),
    })
}

fn read_signing_key(row: &PgRow) -> Result<KeptKey, Error> {
    Ok(KeptKey {
        id: SigningKeyId::from_uuid(row.try_get("id")?),
        algorithm: from_text(row.try_get("algorithm")?, "signing_key.algorithm")?,
        generation: row.try_get("generation")?,
        sealed: row.try_get("sealed")?,
        created_at: row.try_get::<PgInstant, _>("created_at")?.to_jiff(),
        signs_from: row.try_get::<PgInstant, _>("signs_from")?.to_jiff(),
    })
}
