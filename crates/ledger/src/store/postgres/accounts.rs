//! Accounts on PostgreSQL.

use comporta_db::Error;
use comporta_db::columns::{PgDate, PgInstant, from_pg_date, from_text, pg_date, pg_instant};
use comporta_kernel::{CompanyId, Money, TypedId as _, Uuid};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, Row as _};

use crate::model::{Account, AccountId};

pub(super) async fn open_ledger(db: &mut PgConnection, main: &Account) -> Result<(), Error> {
    sqlx::query("INSERT INTO ledger (company_id, main_account_id, opened_at) VALUES ($1, $2, $3)")
        .bind(main.company_id.uuid())
        .bind(main.id.uuid())
        .bind(pg_instant(main.created_at))
        .execute(&mut *db)
        .await?;
    insert(db, main).await
}

pub(super) async fn insert(db: &mut PgConnection, account: &Account) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO account (company_id, id, name, currency, time_zone, opening_balance, opening_date, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(account.company_id.uuid())
    .bind(account.id.uuid())
    .bind(&account.name)
    .bind(account.currency.as_str())
    .bind(account.time_zone.name())
    .bind(account.opening_balance.centavos())
    .bind(pg_date(account.opening_date))
    .bind(pg_instant(account.created_at))
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn find_main(db: impl PgExecutor<'_>, company: CompanyId) -> Result<Option<Account>, Error> {
    let query = sqlx::query(
        "SELECT account.* FROM ledger JOIN account ON account.company_id = ledger.company_id AND account.id = main_account_id
         WHERE ledger.company_id = $1",
    );
    query.bind(company.uuid()).fetch_optional(db).await?.as_ref().map(from_row).transpose()
}

pub(super) async fn find(
    db: impl PgExecutor<'_>,
    company: CompanyId,
    id: AccountId,
) -> Result<Option<Account>, Error> {
    let query = sqlx::query("SELECT * FROM account WHERE company_id = $1 AND id = $2")
        .bind(company.uuid())
        .bind(id.uuid());
    query.fetch_optional(db).await?.as_ref().map(from_row).transpose()
}

pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company: CompanyId,
    after: Option<AccountId>,
    limit: u16,
) -> Result<Vec<Account>, Error> {
    let query = sqlx::query("SELECT * FROM account WHERE company_id = $1 AND id > $2 ORDER BY id LIMIT $3")
        .bind(company.uuid())
        .bind(after.map_or(Uuid::nil(), AccountId::uuid))
        .bind(i64::from(limit));
    query.fetch_all(db).await?.iter().map(from_row).collect()
}

pub(super) async fn list_all(
    db: impl PgExecutor<'_>,
    after: Option<(CompanyId, AccountId)>,
    limit: u16,
) -> Result<Vec<Account>, Error> {
    let (company, account) =
        after.map_or((Uuid::nil(), Uuid::nil()), |(company, account)| (company.uuid(), account.uuid()));
    let query = sqlx::query(
        "SELECT * FROM account WHERE (company_id, id) > ($1, $2) ORDER BY company_id, id LIMIT $3",
    )
    .bind(company)
    .bind(account)
    .bind(i64::from(limit));
    query.fetch_all(db).await?.iter().map(from_row).collect()
}

fn from_row(row: &PgRow) -> Result<Account, Error> {
    let balance: i64 = row.try_get("opening_balance")?;
    Ok(Account {
        company_id: CompanyId::from_uuid(row.try_get("company_id")?),
        id: AccountId::from_uuid(row.try_get("id")?),
        name: row.try_get("name")?,
        currency: from_text(row.try_get("currency")?, "account.currency")?,
        time_zone: from_text(row.try_get("time_zone")?, "account.time_zone")?,
        opening_balance: Money::from_centavos(balance)
            .map_err(|_| Error::Corrupt { column: "account.opening_balance" })?,
        opening_date: from_pg_date(row.try_get::<PgDate, _>("opening_date")?, "account.opening_date")?,
        created_at: row.try_get::<PgInstant, _>("created_at")?.to_jiff(),
    })
}
