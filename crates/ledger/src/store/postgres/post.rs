//! Writing a group of postings on PostgreSQL: look, decide, write, in one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use comporta_db::Error;
use comporta_db::columns::{PgDate, from_pg_date, pg_date, pg_instant};
use comporta_kernel::{CompanyId, Month, Timestamp, TypedId as _, Uuid};
use sqlx::{PgConnection, Row as _};

use super::entries::from_row;
use crate::model::{EntryId, Facts, Outcome, Posting, StoredRequest, decide};
use crate::store::deltas;

pub(super) async fn post(db: &mut PgConnection, group: &[Arc<Posting>]) -> Result<Vec<Outcome>, Error> {
    lock_ledgers(db, group).await?;
    // After the lock, in statements of their own: each sees what was committed while we waited for it.
    let facts = Facts {
        requests: requests(db, group).await?,
        closed: closed(db, group).await?,
        reversed: reversed(db, group).await?,
    };
    let outcomes = decide(group, facts);
    let standing = group.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Outcome::Posted);
    let standing: Vec<&Posting> = standing.map(|(posting, _)| &**posting).collect();
    if !standing.is_empty() {
        insert_entries(db, &standing).await?;
        insert_deltas(db, &standing).await?;
    }
    Ok(outcomes)
}

/// Closes or reopens a month, once nobody is writing to the ledger.
pub(super) async fn set_period(
    db: &mut PgConnection,
    company: CompanyId,
    month: Month,
    closed: bool,
    at: Timestamp,
    by: &str,
) -> Result<bool, Error> {
    sqlx::query("SELECT 1 FROM ledger WHERE company_id = $1 FOR UPDATE")
        .bind(company.uuid())
        .execute(&mut *db)
        .await?;
    let query = sqlx::query(
        "INSERT INTO ledger_period AS period (company_id, month, closed, changed_at, changed_by)
         SELECT $1, $2, $3, $4, $5 WHERE $3 OR EXISTS (SELECT FROM ledger_period WHERE company_id = $1 AND month = $2)
         ON CONFLICT (company_id, month) DO UPDATE
         SET closed = excluded.closed, changed_at = excluded.changed_at, changed_by = excluded.changed_by
         WHERE period.closed <> excluded.closed",
    );
    let query = query
        .bind(company.uuid())
        .bind(pg_date(month.first_day()))
        .bind(closed)
        .bind(pg_instant(at))
        .bind(by);
    Ok(query.execute(db).await?.rows_affected() == 1)
}

/// Entries share the lock of their ledgers; closing a month takes it alone.
async fn lock_ledgers(db: &mut PgConnection, group: &[Arc<Posting>]) -> Result<(), Error> {
    let mut companies: Vec<Uuid> = group.iter().map(|posting| posting.company_id.uuid()).collect();
    companies.sort_unstable();
    companies.dedup();
    let query =
        sqlx::query("SELECT 1 FROM ledger WHERE company_id = ANY($1) ORDER BY company_id FOR KEY SHARE");
    query.bind(companies).execute(db).await?;
    Ok(())
}

async fn requests(
    db: &mut PgConnection,
    group: &[Arc<Posting>],
) -> Result<HashMap<(CompanyId, String), StoredRequest>, Error> {
    let keyed = group
        .iter()
        .filter_map(|posting| Some((posting.company_id.uuid(), posting.request.as_ref()?.key.clone())));
    let (companies, keys): (Vec<Uuid>, Vec<String>) = keyed.unzip();
    let mut found: HashMap<_, StoredRequest> = HashMap::new();
    if keys.is_empty() {
        return Ok(found);
    }
    // OFFSET 0 keeps each key a look into the index: joined as a table, the entries are read whole once their
    // statistics say that few keys are distinct.
    let query = sqlx::query(
        "SELECT entry.*, NULL::uuid AS reversed_by
         FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::text[]) AS asked (company_id, key)) AS asked
         CROSS JOIN LATERAL (
             SELECT * FROM entry WHERE entry.company_id = asked.company_id AND entry.request_key = asked.key OFFSET 0
         ) AS entry
         ORDER BY entry.company_id, entry.request_key, entry.request_position",
    );
    for row in query.bind(companies).bind(keys).fetch_all(db).await? {
        let key = (CompanyId::from_uuid(row.try_get("company_id")?), row.try_get("request_key")?);
        let entry = from_row(&row)?;
        // Place 0 comes first and carries the hash.
        match row.try_get::<Option<Vec<u8>>, _>("request_hash")? {
            Some(hash) => {
                let hash = hash.try_into().map_err(|_| Error::Corrupt { column: "entry.request_hash" })?;
                found.insert(key, StoredRequest { hash, entries: vec![entry] });
            }
            None => found
                .get_mut(&key)
                .ok_or(Error::Corrupt { column: "entry.request_position" })?
                .entries
                .push(entry),
        }
    }
    Ok(found)
}

async fn closed(db: &mut PgConnection, group: &[Arc<Posting>]) -> Result<HashSet<(CompanyId, Month)>, Error> {
    let months = group.iter().flat_map(|posting| {
        posting.entries.iter().map(|entry| (posting.company_id, entry.business_date.month()))
    });
    let months: HashSet<(CompanyId, Month)> = months.collect();
    let (companies, days): (Vec<Uuid>, Vec<PgDate>) =
        months.into_iter().map(|(company, month)| (company.uuid(), pg_date(month.first_day()))).unzip();
    let query = sqlx::query(
        "SELECT period.company_id, period.month FROM ledger_period AS period
         JOIN unnest($1::uuid[], $2::date[]) AS asked (company_id, month)
           ON period.company_id = asked.company_id AND period.month = asked.month WHERE period.closed",
    );
    let rows = query.bind(companies).bind(days).fetch_all(db).await?;
    let closed = rows.iter().map(|row| {
        let day = from_pg_date(row.try_get::<PgDate, _>(1)?, "ledger_period.month")?;
        Ok((CompanyId::from_uuid(row.try_get(0)?), day.month()))
    });
    closed.collect()
}

async fn reversed(
    db: &mut PgConnection,
    group: &[Arc<Posting>],
) -> Result<HashMap<(CompanyId, EntryId), EntryId>, Error> {
    let reversals = group.iter().flat_map(|posting| {
        posting.entries.iter().filter_map(|entry| Some((posting.company_id.uuid(), entry.reverses?.uuid())))
    });
    let (companies, originals): (Vec<Uuid>, Vec<Uuid>) = reversals.unzip();
    if originals.is_empty() {
        return Ok(HashMap::new());
    }
    let query = sqlx::query(
        "SELECT entry.company_id, entry.reverses, entry.id
         FROM unnest($1::uuid[], $2::uuid[]) AS asked (company_id, reverses)
         CROSS JOIN LATERAL (
             SELECT * FROM entry WHERE entry.company_id = asked.company_id AND entry.reverses = asked.reverses OFFSET 0
         ) AS entry",
    );
    let rows = query.bind(companies).bind(originals).fetch_all(db).await?;
    let found = rows.iter().map(|row| {
        let key = (CompanyId::from_uuid(row.try_get(0)?), EntryId::from_uuid(row.try_get(1)?));
        Ok((key, EntryId::from_uuid(row.try_get(2)?)))
    });
    found.collect()
}

/// All entries in one statement: a column of each is an array, so the text never changes and is planned once.
async fn insert_entries(db: &mut PgConnection, postings: &[&Posting]) -> Result<(), Error> {
    let all = || {
        postings.iter().flat_map(|posting| {
            posting.entries.iter().enumerate().map(move |(place, entry)| (*posting, place, entry))
        })
    };
    macro_rules! column {
        (|$posting:pat_param, $place:pat_param, $entry:ident| $value:expr) => {
            all().map(|($posting, $place, $entry)| $value).collect::<Vec<_>>()
        };
    }
    let query = sqlx::query(
        "INSERT INTO entry (company_id, id, account_id, kind, amount, currency, business_date, occurred_at, recorded_at,
             description, category, external_id, metadata, reverses, request_key, request_position, request_hash)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::date[],
             $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::text[], $14::uuid[],
             $15::text[], $16::integer[], $17::bytea[])",
    );
    let query = query
        .bind(column!(|posting, _, _entry| posting.company_id.uuid()))
        .bind(column!(|_, _, entry| entry.id.uuid()))
        .bind(column!(|_, _, entry| entry.account_id.uuid()))
        .bind(column!(|_, _, entry| entry.kind.as_str()))
        .bind(column!(|_, _, entry| entry.amount.centavos()))
        .bind(column!(|_, _, entry| entry.currency.as_str()))
        .bind(column!(|_, _, entry| pg_date(entry.business_date)))
        .bind(column!(|_, _, entry| pg_instant(entry.occurred_at)))
        .bind(column!(|_, _, entry| pg_instant(entry.recorded_at)))
        .bind(column!(|_, _, entry| entry.description.as_str()))
        .bind(column!(|_, _, entry| entry.category.as_deref()))
        .bind(column!(|_, _, entry| entry.external_id.as_deref()))
        .bind(column!(|_, _, entry| entry.metadata.as_deref()))
        .bind(column!(|_, _, entry| entry.reverses.map(EntryId::uuid)))
        .bind(column!(|posting, _, _entry| posting.request.as_ref().map(|request| request.key.as_str())))
        .bind(column!(|posting, place, _entry| posting
            .request
            .as_ref()
            .and_then(|_| i32::try_from(place).ok())))
        .bind(column!(|posting, place, _entry| posting
            .request
            .as_ref()
            .filter(|_| place == 0)
            .map(|request| request.hash.to_vec())));
    query.execute(db).await?;
    Ok(())
}

async fn insert_deltas(db: &mut PgConnection, postings: &[&Posting]) -> Result<(), Error> {
    let deltas = deltas(postings.iter().copied());
    let query = sqlx::query(
        "INSERT INTO entry_delta (company_id, account_id, business_date, category, credits, debits, entries)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])",
    );
    let query = query
        .bind(deltas.iter().map(|delta| delta.company.uuid()).collect::<Vec<_>>())
        .bind(deltas.iter().map(|delta| delta.account.uuid()).collect::<Vec<_>>())
        .bind(deltas.iter().map(|delta| pg_date(delta.day)).collect::<Vec<_>>())
        .bind(deltas.iter().map(|delta| delta.category).collect::<Vec<_>>())
        .bind(deltas.iter().map(|delta| delta.credits).collect::<Vec<_>>())
        .bind(deltas.iter().map(|delta| delta.debits).collect::<Vec<_>>())
        .bind(deltas.iter().map(|delta| delta.entries).collect::<Vec<_>>());
    query.execute(db).await?;
    Ok(())
}
