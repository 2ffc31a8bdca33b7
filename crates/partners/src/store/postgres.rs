//! Companies and keys in PostgreSQL.

pub(super) mod audit;
pub(super) mod invoices;
pub(super) mod plans;
pub(super) mod quotas;
pub(super) mod reminders;
pub(super) mod usage;

use async_trait::async_trait;
use comporta_db::columns::{PgInstant, from_text, pg_instant};
use comporta_db::{Connection, Postgres, Tx};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::{Followed, Store, addresses, digest, statements};
use crate::model::{Digest, Holding, Rehash, Rotation, Standing, Use};
use crate::{
    AllowedAddresses, Company, CompanyChange, Error, Key, KeyChange, KeyId, PepperId, PlanInForce, PlanName,
    Scopes,
};

/// A key that somebody else is changing is passed over: nobody ever waits for this, and it waits for nobody.
const NOTE_USES: &str = "WITH used AS (
        SELECT k.id, u.seconds FROM api_key k JOIN unnest($1::uuid[], $2::float8[]) AS u (id, seconds) ON u.id = k.id
        ORDER BY k.id FOR UPDATE OF k SKIP LOCKED)
    UPDATE api_key k SET last_used_at = greatest(k.last_used_at, to_timestamp(used.seconds))
    FROM used WHERE k.id = used.id RETURNING k.id";

pub(super) struct PostgresStore(pub(super) Postgres);

#[async_trait]
impl Store for PostgresStore {
    async fn has_companies(&self, tx: &mut Tx) -> Result<bool, Error> {
        let db = connection(tx)?;
        raise_epoch(db).await?;
        Ok(sqlx::query(statements::HAS_COMPANIES).fetch_one(db).await?.try_get(0)?)
    }

    async fn insert_company(&self, tx: &mut Tx, company: &Company) -> Result<(), Error> {
        let db = connection(tx)?;
        let epoch = raise_epoch(db).await?;
        check_plan(db, company).await?;
        sqlx::query(statements::INSERT_COMPANY)
            .bind(company.id.uuid())
            .bind(company.name.as_str())
            .bind(company.document.as_ref().map(|document| document.as_str()))
            .bind(company.email.as_ref().map(|email| email.as_str()))
            .bind(company.address.as_ref().map(|address| address.as_str()))
            .bind(company.plan.as_ref().map(|plan| plan.as_str()))
            .bind(company.status.as_str())
            .bind(pg_instant(company.created_at))
            .bind(epoch)
            .execute(&mut *db)
            .await?;
        match &company.plan {
            Some(plan) => invoices::note_plan(db, company.id, Some(plan), company.created_at).await,
            None => Ok(()),
        }
    }

    async fn company(&self, id: CompanyId) -> Result<Option<Company>, Error> {
        let row = sqlx::query(statements::COMPANY).bind(id.uuid()).fetch_optional(self.0.primary()).await?;
        row.as_ref().map(read_company).transpose()
    }

    async fn companies(&self, after: Option<CompanyId>, limit: u16) -> Result<Vec<Company>, Error> {
        let after = after.map_or(Uuid::nil(), CompanyId::uuid);
        let query = sqlx::query(statements::COMPANIES).bind(after).bind(i64::from(limit));
        query.fetch_all(self.0.primary()).await?.iter().map(read_company).collect()
    }

    async fn change_company(
        &self,
        tx: &mut Tx,
        id: CompanyId,
        change: CompanyChange,
        at: Timestamp,
    ) -> Result<(Company, Company), Error> {
        let db = connection(tx)?;
        let epoch = raise_epoch(db).await?;
        let row = sqlx::query(statements::COMPANY).bind(id.uuid()).fetch_optional(&mut *db).await?;
        let before = read_company(&row.ok_or(Error::NoSuchCompany)?)?;
        let company = change.applied_to(before.clone());
        check_plan(db, &company).await?;
        if company.plan != before.plan {
            invoices::note_plan(db, id, company.plan.as_ref(), at).await?;
        }
        sqlx::query(statements::UPDATE_COMPANY)
            .bind(id.uuid())
            .bind(company.name.as_str())
            .bind(company.document.as_ref().map(|document| document.as_str()))
            .bind(company.email.as_ref().map(|email| email.as_str()))
            .bind(company.address.as_ref().map(|address| address.as_str()))
            .bind(company.plan.as_ref().map(|plan| plan.as_str()))
            .bind(company.status.as_str())
            .bind(epoch)
            .execute(&mut *db)
            .await?;
        sqlx::query(statements::STAMP_KEYS).bind(id.uuid()).bind(epoch).execute(db).await?;
        Ok((before, company))
    }

    async fn insert_key(&self, tx: &mut Tx, key: &Key, secret: &Digest) -> Result<(), Error> {
        let db = connection(tx)?;
        let epoch = raise_epoch(db).await?;
        insert_key(db, key, secret, epoch).await
    }

    async fn key(&self, id: KeyId) -> Result<Option<Key>, Error> {
        let row = sqlx::query(statements::KEY).bind(id.uuid()).fetch_optional(self.0.primary()).await?;
        row.as_ref().map(read_key).transpose()
    }

    async fn keys(&self, company: CompanyId, after: Option<KeyId>, limit: u16) -> Result<Vec<Key>, Error> {
        let after = after.map_or(Uuid::nil(), KeyId::uuid);
        let query = sqlx::query(statements::KEYS).bind(company.uuid()).bind(after).bind(i64::from(limit));
        query.fetch_all(self.0.primary()).await?.iter().map(read_key).collect()
    }

    async fn rotate_key(&self, tx: &mut Tx, rotation: Rotation) -> Result<(Key, Key), Error> {
        let db = connection(tx)?;
        let epoch = raise_epoch(db).await?;
        let row = sqlx::query(statements::KEY).bind(rotation.old.uuid()).fetch_optional(&mut *db).await?;
        let (new, old) = read_key(&row.ok_or(Error::NoSuchKey)?)?.succeeded(&rotation)?;
        insert_key(db, &new, &rotation.secret, epoch).await?;
        sqlx::query(statements::REPLACE_KEY)
            .bind(old.id.uuid())
            .bind(old.expires_at.map(pg_instant))
            .bind(old.replaced_by.map(KeyId::uuid))
            .bind(epoch)
            .execute(db)
            .await?;
        Ok((new, old))
    }

    async fn revoke_key(&self, tx: &mut Tx, id: KeyId, at: Timestamp) -> Result<(Key, bool), Error> {
        let db = connection(tx)?;
        let epoch = raise_epoch(db).await?;
        let row = sqlx::query(statements::KEY).bind(id.uuid()).fetch_optional(&mut *db).await?;
        let key = read_key(&row.ok_or(Error::NoSuchKey)?)?;
        if key.revoked_at.is_some() {
            return Ok((key, false));
        }
        let query = sqlx::query(statements::REVOKE_KEY).bind(id.uuid()).bind(pg_instant(at)).bind(epoch);
        query.execute(db).await?;
        Ok((Key { revoked_at: Some(at), ..key }, true))
    }

    async fn change_key(
        &self,
        tx: &mut Tx,
        id: KeyId,
        change: KeyChange,
        at: Timestamp,
    ) -> Result<(Key, Key), Error> {
        let db = connection(tx)?;
        let epoch = raise_epoch(db).await?;
        let row = sqlx::query(statements::KEY).bind(id.uuid()).fetch_optional(&mut *db).await?;
        let before = read_key(&row.ok_or(Error::NoSuchKey)?)?;
        let key = change.applied_to(before.clone(), at)?;
        sqlx::query(statements::UPDATE_KEY)
            .bind(id.uuid())
            .bind(key.name.as_str())
            .bind(key.expires_at.map(pg_instant))
            .bind(addresses(&key))
            .bind(epoch)
            .execute(db)
            .await?;
        Ok((before, key))
    }

    async fn rehash(&self, rehashes: &[Rehash]) -> Result<(), Error> {
        let mut tx = self.0.begin().await?;
        let epoch = raise_epoch(&mut tx).await?;
        for Rehash { id, old, new } in rehashes {
            sqlx::query(statements::REHASH_KEY)
                .bind(id.uuid())
                .bind(&old[..])
                .bind(&new.bytes[..])
                .bind(new.pepper.map(|pepper| pepper.to_string()))
                .bind(epoch)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn note_uses(&self, uses: &[Use]) -> Result<Vec<KeyId>, Error> {
        let (ids, seconds): (Vec<Uuid>, Vec<f64>) =
            uses.iter().map(|used| (used.id.uuid(), f64::from(used.minute) * 60.0)).unzip();
        let rows = sqlx::query(NOTE_USES).bind(ids).bind(seconds).fetch_all(self.0.primary()).await?;
        rows.iter().map(|row| Ok(KeyId::from_uuid(row.try_get(0)?))).collect()
    }

    async fn keys_by_pepper(&self, at: Timestamp) -> Result<Vec<(Option<PepperId>, u64)>, Error> {
        let query = sqlx::query(statements::KEYS_BY_PEPPER).bind(pg_instant(at));
        let rows = query.fetch_all(self.0.primary()).await?;
        rows.iter().map(|row| Ok((read_pepper(row)?, row.try_get::<i64, _>(1)?.unsigned_abs()))).collect()
    }

    async fn epoch(&self) -> Result<i64, Error> {
        Ok(sqlx::query(statements::EPOCH).fetch_one(self.0.primary()).await?.try_get(0)?)
    }

    async fn changed_keys(&self, (epoch, id): Followed, limit: u16) -> Result<Vec<Holding>, Error> {
        let query = sqlx::query(statements::CHANGED_KEYS).bind(epoch).bind(id).bind(i64::from(limit));
        query.fetch_all(self.0.primary()).await?.iter().map(read_holding).collect()
    }

    async fn changed_companies(&self, (epoch, id): Followed, limit: u16) -> Result<Vec<Standing>, Error> {
        let query = sqlx::query(statements::CHANGED_COMPANIES).bind(epoch).bind(id).bind(i64::from(limit));
        query.fetch_all(self.0.primary()).await?.iter().map(read_standing).collect()
    }

    async fn changed_plans(&self, epoch: i64) -> Result<Vec<PlanInForce>, Error> {
        plans::changed(self.0.primary(), epoch).await
    }

    async fn holding(&self, id: KeyId) -> Result<Option<Holding>, Error> {
        let row = sqlx::query(statements::HOLDING).bind(id.uuid()).fetch_optional(self.0.primary()).await?;
        row.as_ref().map(read_holding).transpose()
    }
}

fn connection(tx: &mut Tx) -> Result<&mut PgConnection, Error> {
    match tx.connection() {
        Connection::Postgres(db) => Ok(db),
        Connection::Sqlite(_) => Err(comporta_db::Error::WrongEngine.into()),
    }
}

async fn raise_epoch(db: &mut PgConnection) -> Result<i64, Error> {
    Ok(sqlx::query(statements::RAISE_EPOCH).fetch_one(db).await?.try_get(0)?)
}

async fn insert_key(db: &mut PgConnection, key: &Key, secret: &Digest, epoch: i64) -> Result<(), Error> {
    let inserted = sqlx::query(statements::INSERT_KEY)
        .bind(key.id.uuid())
        .bind(key.company_id.uuid())
        .bind(key.name.as_str())
        .bind(key.mode.as_str())
        .bind(key.scopes.to_string())
        .bind(pg_instant(key.created_at))
        .bind(key.expires_at.map(pg_instant))
        .bind(key.revoked_at.map(pg_instant))
        .bind(key.replaced_by.map(KeyId::uuid))
        .bind(addresses(key))
        .bind(key.last_used_at.map(pg_instant))
        .bind(&secret.bytes[..])
        .bind(secret.pepper.map(|pepper| pepper.to_string()))
        .bind(epoch)
        .execute(db)
        .await?;
    if inserted.rows_affected() == 1 { Ok(()) } else { Err(Error::NoSuchCompany) }
}

/// All changes to companies and plans come one after the other, so a plan that is there now stays.
async fn check_plan(db: &mut PgConnection, company: &Company) -> Result<(), Error> {
    let Some(plan) = &company.plan else { return Ok(()) };
    let known = sqlx::query(statements::PLAN_EXISTS).bind(plan.as_str()).fetch_one(db).await?.try_get(0)?;
    if known { Ok(()) } else { Err(Error::UnknownPlan) }
}

fn read_plan_name(row: &PgRow) -> Result<Option<PlanName>, Error> {
    let name: Option<String> = row.try_get("plan")?;
    Ok(name.map(|name| from_text(&name, "company.plan")).transpose()?)
}

fn read_company(row: &PgRow) -> Result<Company, Error> {
    let text = |column| row.try_get::<Option<String>, _>(column);
    Ok(Company {
        id: CompanyId::from_uuid(row.try_get("id")?),
        name: from_text(row.try_get("name")?, "company.name")?,
        document: text("document")?.map(|text| from_text(&text, "company.document")).transpose()?,
        email: text("email")?.map(|text| from_text(&text, "company.email")).transpose()?,
        address: text("address")?.map(|text| from_text(&text, "company.address")).transpose()?,
        plan: read_plan_name(row)?,
        status: from_text(row.try_get("status")?, "company.status")?,
        created_at: row.try_get::<PgInstant, _>("created_at")?.to_jiff(),
    })
}

fn read_key(row: &PgRow) -> Result<Key, Error> {
    let instant = |column| row.try_get::<Option<PgInstant>, _>(column);
    Ok(Key {
        id: KeyId::from_uuid(row.try_get("id")?),
        company_id: CompanyId::from_uuid(row.try_get("company_id")?),
        name: from_text(row.try_get("name")?, "api_key.name")?,
        mode: from_text(row.try_get("mode")?, "api_key.mode")?,
        scopes: Scopes::from_stored(row.try_get("scopes")?),
        created_at: row.try_get::<PgInstant, _>("created_at")?.to_jiff(),
        expires_at: instant("expires_at")?.map(PgInstant::to_jiff),
        revoked_at: instant("revoked_at")?.map(PgInstant::to_jiff),
        replaced_by: row.try_get::<Option<Uuid>, _>("replaced_by")?.map(KeyId::from_uuid),
        allowed_addresses: read_addresses(row)?,
        last_used_at: instant("last_used_at")?.map(PgInstant::to_jiff),
    })
}

fn read_standing(row: &PgRow) -> Result<Standing, Error> {
    Ok(Standing {
        company_id: CompanyId::from_uuid(row.try_get("id")?),
        suspended: row.try_get("suspended")?,
        plan: read_plan_name(row)?,
        epoch: row.try_get("epoch")?,
    })
}

fn read_addresses(row: &PgRow) -> Result<AllowedAddresses, Error> {
    let text: Option<String> = row.try_get("allowed_addresses")?;
    Ok(text.map_or(Ok(AllowedAddresses::default()), |text| from_text(&text, "api_key.allowed_addresses"))?)
}

fn read_pepper(row: &PgRow) -> Result<Option<PepperId>, Error> {
    let text: Option<String> = row.try_get("pepper")?;
    Ok(text.map(|text| from_text(&text, "api_key.pepper")).transpose()?)
}

fn read_holding(row: &PgRow) -> Result<Holding, Error> {
    Ok(Holding {
        id: KeyId::from_uuid(row.try_get("id")?),
        company_id: CompanyId::from_uuid(row.try_get("company_id")?),
        secret: Digest { bytes: digest(row.try_get("digest")?)?, pepper: read_pepper(row)? },
        mode: from_text(row.try_get("mode")?, "api_key.mode")?,
        scopes: Scopes::from_stored(row.try_get("scopes")?),
        expires_at: row.try_get::<Option<PgInstant>, _>("expires_at")?.map(PgInstant::to_jiff),
        revoked: row.try_get("revoked")?,
        suspended: row.try_get("suspended")?,
        addresses: read_addresses(row)?,
        plan: read_plan_name(row)?,
        epoch: row.try_get("epoch")?,
    })
}
