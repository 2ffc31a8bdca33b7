//! Reading entries on SQLite.

use comporta_db::Error;
use comporta_db::columns::{from_micros, from_text};
use comporta_kernel::{CompanyId, Money, TypedId as _, Uuid};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteExecutor};

use crate::model::{AccountId, Entry, EntryId, Kind, Text};
use crate::store::{EntryFilter, EntryPlace};

pub(super) async fn find(
    db: impl SqliteExecutor<'_>,
    company: CompanyId,
    id: EntryId,
) -> Result<Option<Entry>, Error> {
    let query = sqlx::query(
        "SELECT entry.*, later.id AS reversed_by FROM entry
         LEFT JOIN entry AS later INDEXED BY entry_reverses
           ON later.company_id = entry.company_id AND later.reverses = entry.id
         WHERE entry.company_id = $1 AND entry.id = $2",
    );
    query.bind(company.uuid()).bind(id.uuid()).fetch_optional(db).await?.as_ref().map(from_row).transpose()
}

/// Each way through the entries has a statement of its own that names its index: SQLite plans without looking at
/// the values, and would walk all of a company's entries. Where a page goes on bounds its days, so that a deep page
/// costs what the first does.
pub(super) async fn list(
    db: impl SqliteExecutor<'_>,
    company: CompanyId,
    filter: &EntryFilter,
    after: Option<EntryPlace>,
    limit: u16,
) -> Result<Vec<Entry>, Error> {
    macro_rules! walk {
        ($index:literal, $key:literal) => {
            concat!(
                "SELECT entry.*, later.id AS reversed_by FROM entry INDEXED BY ",
                $index,
                "
                 LEFT JOIN entry AS later INDEXED BY entry_reverses
                   ON later.company_id = entry.company_id AND later.reverses = entry.id
                 WHERE entry.company_id = $1 AND ",
                $key,
                "
                   AND entry.business_date BETWEEN coalesce($3, '') AND coalesce($4, '~')
                   AND ($2 IS NULL OR entry.account_id = $2)
                   AND ($5 IS NULL OR entry.kind = $5)
                   AND ($6 IS NULL OR entry.category = $6)
                   AND ($7 IS NULL OR entry.external_id = $7)
                   AND ($8 IS NULL OR instr(lower(entry.description), lower($8)) > 0)
                   AND ($9 IS NULL OR (entry.business_date, entry.id) < ($9, $10))
                 ORDER BY entry.business_date DESC, entry.id DESC LIMIT $11"
            )
        };
    }
    let text = match (&filter.external_id, filter.account_id) {
        (Some(_), _) => walk!("entry_external", "entry.external_id = $7"),
        (None, Some(_)) => walk!("entry_day", "entry.account_id = $2"),
        (None, None) => walk!("entry_company_day", "true"),
    };
    let query = sqlx::query(text)
        .bind(company.uuid())
        .bind(filter.account_id.map(AccountId::uuid))
        .bind(filter.from.map(|day| day.to_string()))
        .bind(filter.last_day(after).map(|day| day.to_string()))
        .bind(filter.kind.map(Kind::as_str))
        .bind(filter.category.as_ref().map(Text::as_str))
        .bind(filter.external_id.as_ref().map(Text::as_str))
        .bind(filter.q.as_ref().map(Text::as_str))
        .bind(after.map(|place| place.day.to_string()))
        .bind(after.map(|place| place.id.uuid()))
        .bind(i64::from(limit));
    query.fetch_all(db).await?.iter().map(from_row).collect()
}

pub(super) async fn list_credits(
    db: impl SqliteExecutor<'_>,
    company: CompanyId,
    after: Option<EntryId>,
    limit: u16,
) -> Result<Vec<Entry>, Error> {
    let query = sqlx::query(
        "SELECT entry.*, NULL AS reversed_by FROM entry
         WHERE company_id = $1 AND id > $2 AND kind = 'credit' ORDER BY id LIMIT $3",
    );
    let query =
        query.bind(company.uuid()).bind(after.map_or(Uuid::nil(), EntryId::uuid)).bind(i64::from(limit));
    query.fetch_all(db).await?.iter().map(from_row).collect()
}

pub(super) fn from_row(row: &SqliteRow) -> Result<Entry, Error> {
    let amount: i64 = row.try_get("amount")?;
    let kind: &str = row.try_get("kind")?;
    Ok(Entry {
        id: EntryId::from_uuid(row.try_get("id")?),
        account_id: AccountId::from_uuid(row.try_get("account_id")?),
        kind: kind.parse().map_err(|()| Error::Corrupt { column: "entry.kind" })?,
        amount: Money::from_centavos(amount).map_err(|_| Error::Corrupt { column: "entry.amount" })?,
        currency: from_text(row.try_get("currency")?, "entry.currency")?,
        business_date: from_text(row.try_get("business_date")?, "entry.business_date")?,
        occurred_at: from_micros(row.try_get("occurred_at")?, "entry.occurred_at")?,
        recorded_at: from_micros(row.try_get("recorded_at")?, "entry.recorded_at")?,
        description: row.try_get("description")?,
        category: row.try_get("category")?,
        external_id: row.try_get("external_id")?,
        metadata: row.try_get("metadata")?,
        reverses: row.try_get::<Option<Uuid>, _>("reverses")?.map(EntryId::from_uuid),
        reversed_by: row.try_get::<Option<Uuid>, _>("reversed_by")?.map(EntryId::from_uuid),
    })
}
