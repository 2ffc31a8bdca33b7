//! A batch on its way into PostgreSQL: by COPY into a table of the session, from there by one statement.

use comporta_db::Error;
use comporta_db::columns::pg_instant;
use comporta_kernel::{BusinessDate, TypedId as _, Uuid};
use jiff::civil::date;
use sqlx::{PgConnection, Row as _};

use crate::store::boletos::{Batch, NewRow};

/// What a COPY in binary begins with: signature, flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: [u8; 2] = (-1_i16).to_be_bytes();
const COLUMNS: [u8; 2] = 10_i16.to_be_bytes();
/// A row's bytes, about.
const ROW: usize = 250;

/// Writes those whose debts have no boleto; gives how many. In the order of their debts, so that two who write the
/// same debts never wait for each other in a circle.
pub(super) async fn insert(db: &mut PgConnection, batch: &Batch<'_>) -> Result<u64, Error> {
    prepare(db).await?;
    let mut copy = db.copy_in_raw("COPY boleto_staging FROM STDIN (FORMAT binary)").await?;
    copy.send(encode(batch.rows)).await?;
    copy.finish().await?;
    let query = sqlx::query(
        "INSERT INTO boleto (company_id, id, debt_id, bank_account_id, payer_name, payer_document, payer_email, amount,
             due_date, our_number, barcode, status, registration, delivery, import_id, import_line, created_at, updated_at)
         SELECT $1, id, debt_id, $2, payer_name, payer_document, payer_email, amount, due_date, our_number, barcode,
             'open', 'pending', CASE WHEN payer_email IS NULL THEN 'none' ELSE 'queued' END, $3, line, $4, $4
           FROM boleto_staging
         ON CONFLICT (company_id, debt_id) DO NOTHING",
    );
    let query = query.bind(batch.company.uuid()).bind(batch.account.uuid()).bind(batch.import.uuid());
    Ok(query.bind(pg_instant(batch.at)).execute(&mut *db).await?.rows_affected())
}

/// Makes the table that a session copies into, if it has none yet. What is in it ends with the transaction.
async fn prepare(db: &mut PgConnection) -> Result<(), Error> {
    let is_there = sqlx::query("SELECT to_regclass('pg_temp.boleto_staging') IS NOT NULL");
    if !is_there.fetch_one(&mut *db).await?.try_get::<bool, _>(0)? {
        let make = sqlx::query(
            "CREATE TEMPORARY TABLE boleto_staging (
                 id uuid NOT NULL, debt_id text NOT NULL, payer_name text NOT NULL, payer_document text NOT NULL,
                 payer_email text, amount bigint NOT NULL, due_date date NOT NULL, our_number text NOT NULL,
                 barcode text NOT NULL, line bigint NOT NULL
             ) ON COMMIT DELETE ROWS",
        );
        make.execute(db).await?;
    }
    Ok(())
}

/// Rows in the binary form of COPY: for each field its length and its bytes, big-endian.
fn encode(rows: &[NewRow<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * ROW + HEAD.len() + END.len());
    out.extend_from_slice(HEAD);
    for NewRow { id, debt, our_number, barcode, line } in rows {
        out.extend_from_slice(&COLUMNS);
        put_id(&mut out, *id);
        put(&mut out, debt.id.as_bytes());
        put(&mut out, debt.name.as_bytes());
        put(&mut out, debt.document.as_bytes());
        match debt.email {
            Some(email) => put(&mut out, email.as_bytes()),
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
        put(&mut out, &debt.amount.money().centavos().to_be_bytes());
        put(&mut out, &days(debt.due).to_be_bytes());
        put(&mut out, our_number.as_bytes());
        put(&mut out, barcode.as_bytes());
        put(&mut out, &line.to_be_bytes());
    }
    out.extend_from_slice(&END);
    out
}

fn put_id(out: &mut Vec<u8>, id: Uuid) {
    put(out, id.as_bytes());
}

fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend_from_slice(&(field.len() as u32).to_be_bytes());
    out.extend_from_slice(field);
}

/// Days since 2000-01-01, as PostgreSQL counts.
fn days(day: BusinessDate) -> i32 {
    BusinessDate::from_civil(date(2000, 1, 1)).map_or(0, |zero| zero.days_until(day))
}
