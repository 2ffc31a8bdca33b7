//! A batch on its way into SQLite: statements of many rows, of a few sizes so that each is prepared once.

use std::fmt::Write as _;
use std::sync::LazyLock;

use comporta_db::Error;
use comporta_db::columns::to_micros;
use comporta_kernel::TypedId as _;
use sqlx::SqliteConnection;

use crate::store::boletos::{Batch, NewRow};

/// Rows of a statement. SQLite binds 32,766 values at most.
const SIZES: [usize; 4] = [512, 64, 8, 1];
/// What all rows have in common.
const SHARED: usize = 4;
const COLUMNS: usize = 10;

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

fn statement(rows: usize) -> String {
    let mut text = "INSERT INTO boleto (company_id, bank_account_id, import_id, created_at, updated_at, id, debt_id, payer_name,
         payer_document, payer_email, amount, due_date, our_number, barcode, import_line, delivery, status, registration) VALUES "
        .to_owned();
    for row in 0..rows {
        text.push_str(if row == 0 { "(?1,?2,?3,?4,?4" } else { ",(?1,?2,?3,?4,?4" });
        let first = SHARED + 1 + row * COLUMNS;
        for column in first..first + COLUMNS {
            // Writing to a string cannot fail.
            let _ = write!(text, ",?{column}");
        }
        let _ = write!(text, ",iif(?{} IS NULL,'none','queued'),'open','pending')", first + 4);
    }
    text.push_str(" ON CONFLICT (company_id, debt_id) DO NOTHING");
    text
}
