//! A batch on its way into SQLite: statements of many rows, of a few sizes so that each is prepared once.

use std::sync::LazyLock;

use comporta_db::Error;
use comporta_db::columns::to_micros;
use comporta_kernel::TypedId as _;
use sqlx::SqliteConnection;

use crate::store::boletos::{Batch, NewRow};

/// Rows of a statement. SQLite binds 32,766 values at most.
const SIZES: [usize; 4] = [512, 64, 8, 1];

/// The statements, of each size in turn.
static STATEMENTS: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| SIZES.map(statement));

/// Writes those whose debts have no boleto; gives how many.
pub(super) async fn insert(db: &mut SqliteConnection, batch: &Batch<'_>) -> Result<u64, Error> {
    let (mut rest, mut written) = (batch.rows, 0);
    for (size, statement) in SIZES.into_iter().zip(STATEMENTS.iter()) {
        while let Some((rows, others)) = rest.split_at_checked(size) {
            written += insert_rows(db, batch, statement, rows).await?;
            rest = others;
        }
    }
    Ok(written)
}

async fn insert_rows(
    db: &mut SqliteConnection,
    batch: &Batch<'_>,
    statement: &'static str,
    rows: &[NewRow<'_>],
) -> Result<u64, Error> {
    let query = sqlx::query(statement).bind(batch.company.uuid()).bind(batch.account.uuid());
    let mut query = query.bind(batch.import.uuid()).bind(to_micros(batch.at));
    for NewRow { id, debt, our_number, barcode, line } in rows {
        query = query.bind(*id).bind(debt.id).bind(debt.name).bind(debt.document).bind(debt.email);
        query = query.bind(debt.amount.money().centavos()).bind(debt.due.to_string());
        query = query.bind(our_number.as_str()).bind(barcode.as_str()).bind(line.cast_signed());
    }
    Ok(query.execute(db).await?.rows_affected())
}

/// Its parameters have no numbers: SQLite finds a numbered one by walking past those before it, and with thousands of
/// them that is most of the work.
fn statement(rows: usize) -> String {
    let mut text = "INSERT INTO boleto (company_id, bank_account_id, import_id, created_at, updated_at, id, debt_id, payer_name,
             payer_document, payer_email, amount, due_date, our_number, barcode, import_line, delivery, status, registration)
         SELECT shared.column1, shared.column2, shared.column3, shared.column4, shared.column4, row.column1, row.column2,
             row.column3, row.column4, row.column5, row.column6, row.column7, row.column8, row.column9, row.column10,
             iif(row.column5 IS NULL, 'none', 'queued'), 'open', 'pending'
           FROM (VALUES (?, ?, ?, ?)) AS shared CROSS JOIN (VALUES "
        .to_owned();
    for row in 0..rows {
        text.push_str(if row == 0 { "" } else { ", " });
        text.push_str("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    }
    text.push_str(") AS row WHERE true ON CONFLICT (company_id, debt_id) DO NOTHING");
    text
}
