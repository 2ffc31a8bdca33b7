//! Bank accounts on SQLite.

use async_trait::async_trait;
use comporta_db::columns::{from_micros, to_micros};
use comporta_db::{Error, Tx};
use comporta_kernel::{CompanyId, TypedId as _, Uuid};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{SqliteStore, connection};
use crate::model::{BankAccountId, KeptAccount};
use crate::store::bank_accounts::BankAccounts;

#[async_trait]
impl BankAccounts for SqliteStore {
    async fn insert_account(&self, tx: &mut Tx, account: &KeptAccount) -> Result<(), Error> {
        let query = sqlx::query(
            "INSERT INTO bank_account (company_id, id, fields, numbering, next_our_number, created_at)
             VALUES ($1, $2, $3, $4, 1, $5)",
        );
        let query = query.bind(account.company_id.uuid()).bind(account.id.uuid());
        let query = query.bind(document(account)).bind(account.document.numbering());
        let query = query.bind(to_micros(account.created_at));
        query.execute(connection(tx)?).await?;
        Ok(())
    }

    async fn replace_account(&self, tx: &mut Tx, account: &KeptAccount) -> Result<bool, Error> {
        let query = sqlx::query(
            "UPDATE bank_account SET fields = $3, numbering = $4 WHERE company_id = $1 AND id = $2",
        );
        let query = query.bind(account.company_id.uuid()).bind(account.id.uuid()).bind(document(account));
        let query = query.bind(account.document.numbering());
        Ok(query.execute(connection(tx)?).await?.rows_affected() == 1)
    }

    async fn account(&self, company: CompanyId, id: BankAccountId) -> Result<Option<KeptAccount>, Error> {
        let query = sqlx::query("SELECT * FROM bank_account WHERE company_id = $1 AND id = $2");
        let row = query.bind(company.uuid()).bind(id.uuid()).fetch_optional(self.db.readers()).await?;
        row.as_ref().map(from_row).transpose()
    }

    async fn default_account(&self, company: CompanyId) -> Result<Option<KeptAccount>, Error> {
        let query = sqlx::query("SELECT * FROM bank_account WHERE company_id = $1 ORDER BY id LIMIT 1");
        let row = query.bind(company.uuid()).fetch_optional(self.db.readers()).await?;
        row.as_ref().map(from_row).transpose()
    }

    async fn accounts(
        &self,
        company: CompanyId,
        after: Option<BankAccountId>,
        limit: u16,
    ) -> Result<Vec<KeptAccount>, Error> {
        let query =
            sqlx::query("SELECT * FROM bank_account WHERE company_id = $1 AND id > $2 ORDER BY id LIMIT $3");
        let query = query.bind(company.uuid()).bind(after.map_or(Uuid::nil(), BankAccountId::uuid));
        let rows = query.bind(i64::from(limit)).fetch_all(self.db.readers()).await?;
        rows.iter().map(from_row).collect()
    }

    async fn take_numbers(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: BankAccountId,
        count: u64,
    ) -> Result<Option<u64>, Error> {
        let query = sqlx::query(
            "UPDATE bank_account SET next_our_number = next_our_number + $3 WHERE company_id = $1 AND id = $2
             RETURNING next_our_number - $3",
        );
        let query = query.bind(company.uuid()).bind(id.uuid()).bind(i64::try_from(count).unwrap_or(i64::MAX));
        let row = query.fetch_optional(connection(tx)?).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.map(i64::unsigned_abs))
    }
}

fn document(account: &KeptAccount) -> String {
    serde_json::to_string(&account.document).unwrap_or_default()
}

fn from_row(row: &SqliteRow) -> Result<KeptAccount, Error> {
    Ok(KeptAccount {
        company_id: CompanyId::from_uuid(row.try_get("company_id")?),
        id: BankAccountId::from_uuid(row.try_get("id")?),
        document: serde_json::from_str(row.try_get("fields")?)
            .map_err(|_| Error::Corrupt { column: "bank_account.fields" })?,
        created_at: from_micros(row.try_get("created_at")?, "bank_account.created_at")?,
    })
}
