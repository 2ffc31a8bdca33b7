//! Writing a group of postings on SQLite: look, decide, write, in one turn of the writer. Whatever is given or
//! asked in numbers goes in as one JSON array: one statement, one trip to the writer's thread.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use comporta_db::Error;
use comporta_db::columns::{from_text, to_micros};
use comporta_kernel::{CompanyId, Month, Timestamp, TypedId as _, Uuid};
use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use super::entries::from_row;
use crate::model::{EntryId, Facts, Outcome, Posting, StoredRequest, decide};
use crate::store::deltas;

pub(super) async fn post(db: &mut SqliteConnection, group: &[Arc<Posting>]) -> Result<Vec<Outcome>, Error> {
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

/// Closes or reopens a month. The turn as the one writer is the lock.
pub(super) async fn set_period(
    db: &mut SqliteConnection,
    company: CompanyId,
    month: Month,
    closed: bool,
    at: Timestamp,
    by: &str,
) -> Result<bool, Error> {
    let query = sqlx::query(
        "INSERT INTO ledger_period AS period (company_id, month, closed, changed_at, changed_by)
         SELECT $1, $2, $3, $4, $5 WHERE $3 OR EXISTS (SELECT 1 FROM ledger_period WHERE company_id = $1 AND month = $2)
         ON CONFLICT (company_id, month) DO UPDATE
         SET closed = excluded.closed, changed_at = excluded.changed_at, changed_by = excluded.changed_by
         WHERE period.closed <> excluded.closed",
    );
    let query = query
        .bind(company.uuid())
        .bind(month.first_day().to_string())
        .bind(closed)
        .bind(to_micros(at))
        .bind(by);
    Ok(query.execute(db).await?.rows_affected() == 1)
}

async fn requests(
    db: &mut SqliteConnection,
    group: &[Arc<Posting>],
) -> Result<HashMap<(CompanyId, String), StoredRequest>, Error> {
    let keyed = group
        .iter()
        .filter_map(|posting| Some((hex(posting.company_id.uuid()), &posting.request.as_ref()?.key)));
    let keyed: HashSet<(String, &String)> = keyed.collect();
    let mut found: HashMap<_, StoredRequest> = HashMap::new();
    if keyed.is_empty() {
        return Ok(found);
    }
    let query = sqlx::query(
        "SELECT entry.*, NULL AS reversed_by FROM json_each($1) AS asked
         JOIN entry INDEXED BY entry_request ON entry.company_id = unhex(asked.value ->> 0) AND entry.request_key = asked.value ->> 1
         ORDER BY entry.company_id, entry.request_key, entry.request_position",
    );
    for row in query.bind(json!(keyed).to_string()).fetch_all(db).await? {
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

async fn closed(
    db: &mut SqliteConnection,
    group: &[Arc<Posting>],
) -> Result<HashSet<(CompanyId, Month)>, Error> {
    let months = group.iter().flat_map(|posting| {
        posting.entries.iter().map(|entry| (posting.company_id, entry.business_date.month()))
    });
    let months: HashSet<(CompanyId, Month)> = months.collect();
    let asked: Vec<_> =
        months.into_iter().map(|(company, month)| (hex(company.uuid()), month.first_day())).collect();
    let query = sqlx::query(
        "SELECT period.company_id, period.month FROM json_each($1) AS asked
         JOIN ledger_period AS period ON period.company_id = unhex(asked.value ->> 0) AND period.month = asked.value ->> 1
         WHERE period.closed",
    );
    let rows = query.bind(json!(asked).to_string()).fetch_all(db).await?;
    let closed = rows.iter().map(|row| {
        let day: comporta_kernel::BusinessDate = from_text(row.try_get(1)?, "ledger_period.month")?;
        Ok((CompanyId::from_uuid(row.try_get(0)?), day.month()))
    });
    closed.collect()
}

async fn reversed(
    db: &mut SqliteConnection,
    group: &[Arc<Posting>],
) -> Result<HashMap<(CompanyId, EntryId), EntryId>, Error> {
    let reversals = group.iter().flat_map(|posting| {
        posting
            .entries
            .iter()
            .filter_map(|entry| Some((hex(posting.company_id.uuid()), hex(entry.reverses?.uuid()))))
    });
    let reversals: Vec<(String, String)> = reversals.collect();
    if reversals.is_empty() {
        return Ok(HashMap::new());
    }
    let query = sqlx::query(
        "SELECT entry.company_id, entry.reverses, entry.id FROM json_each($1) AS asked
         JOIN entry INDEXED BY entry_reverses ON entry.company_id = unhex(asked.value ->> 0) AND entry.reverses = unhex(asked.value ->> 1)",
    );
    let rows = query.bind(json!(reversals).to_string()).fetch_all(db).await?;
    let found = rows.iter().map(|row| {
        let key = (CompanyId::from_uuid(row.try_get(0)?), EntryId::from_uuid(row.try_get(1)?));
        Ok((key, EntryId::from_uuid(row.try_get(2)?)))
    });
    found.collect()
}

async fn insert_entries(db: &mut SqliteConnection, postings: &[&Posting]) -> Result<(), Error> {
    let all = postings.iter().flat_map(|posting| {
        posting.entries.iter().enumerate().map(move |(place, entry)| (*posting, place, entry))
    });
    let rows = all.map(|(posting, place, entry)| {
        let request = posting.request.as_ref();
        json!([
            hex(posting.company_id.uuid()),
            hex(entry.id.uuid()),
            hex(entry.account_id.uuid()),
            entry.kind,
            entry.amount.centavos(),
            entry.currency,
            entry.business_date,
            to_micros(entry.occurred_at),
            to_micros(entry.recorded_at),
            entry.description,
            entry.category,
            entry.external_id,
            entry.metadata,
            entry.reverses.map(|id| hex(id.uuid())),
            request.map(|request| &request.key),
            request.map(|_| place),
            request.filter(|_| place == 0).map(|request| hex_bytes(&request.hash)),
        ])
    });
    let rows: Vec<serde_json::Value> = rows.collect();
    let query = sqlx::query(
        "INSERT INTO entry (company_id, id, account_id, kind, amount, currency, business_date, occurred_at, recorded_at,
             description, category, external_id, metadata, reverses, request_key, request_position, request_hash)
         SELECT unhex(value ->> 0), unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5, value ->> 6,
             value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, unhex(value ->> 13),
             value ->> 14, value ->> 15, unhex(value ->> 16)
           FROM json_each($1)",
    );
    query.bind(json!(rows).to_string()).execute(db).await?;
    Ok(())
}

async fn insert_deltas(db: &mut SqliteConnection, postings: &[&Posting]) -> Result<(), Error> {
    let deltas = deltas(postings.iter().copied());
    let rows = deltas.iter().map(|delta| {
        let ids = (hex(delta.company.uuid()), hex(delta.account.uuid()));
        json!([ids.0, ids.1, delta.day, delta.category, delta.credits, delta.debits, delta.entries])
    });
    let rows: Vec<serde_json::Value> = rows.collect();
    let query = sqlx::query(
        "INSERT INTO entry_delta (company_id, account_id, business_date, category, credits, debits, entries)
         SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
           FROM json_each($1)",
    );
    query.bind(json!(rows).to_string()).execute(db).await?;
    Ok(())
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

fn hex_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
