//! Balances on SQLite: sums already rolled up and deltas still waiting, in one statement and so one snapshot. Sums
//! are taken in two parts, billions of centavos and the rest, which no number of entries can overflow.

use comporta_db::Error;
use comporta_db::columns::from_text;
use comporta_kernel::{BusinessDate, CompanyId, Total, TypedId as _};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteExecutor};

use crate::model::{AccountId, Movement, Movements};

const BILLION: i128 = 1_000_000_000;

pub(super) async fn movements(
    db: impl SqliteExecutor<'_>,
    company: CompanyId,
    account: AccountId,
    from: BusinessDate,
    to: BusinessDate,
) -> Result<Movements, Error> {
    let query = sqlx::query(
        "SELECT day, sum(cb), sum(cr), sum(db), sum(dr), sum(entries) FROM (
             SELECT '' AS day, credit_billions AS cb, credit_rest AS cr, debit_billions AS db, debit_rest AS dr, entries
               FROM monthly_balance WHERE company_id = $1 AND account_id = $2 AND month < $3
             UNION ALL
             SELECT iif(business_date >= $4, business_date, ''), credit_billions, credit_rest, debit_billions, debit_rest, entries
               FROM daily_balance WHERE company_id = $1 AND account_id = $2 AND business_date BETWEEN $3 AND $5
             UNION ALL
             SELECT iif(business_date >= $4, business_date, ''), credits / 1000000000, credits % 1000000000,
                    debits / 1000000000, debits % 1000000000, entries
               FROM entry_delta WHERE company_id = $1 AND account_id = $2 AND business_date <= $5
         ) GROUP BY day",
    );
    let query = query
        .bind(company.uuid())
        .bind(account.uuid())
        .bind(from.month().first_day().to_string())
        .bind(from.to_string())
        .bind(to.to_string());
    let mut movements = Movements::default();
    for row in query.fetch_all(db).await? {
        let moved = movement(&row)?;
        match row.try_get::<&str, _>(0)? {
            "" => movements.before = moved,
            day => {
                movements.days.insert(from_text(day, "daily_balance.business_date")?, moved);
            }
        }
    }
    Ok(movements)
}

pub(super) async fn by_category(
    db: impl SqliteExecutor<'_>,
    company: CompanyId,
    account: AccountId,
    from: BusinessDate,
    to: BusinessDate,
) -> Result<Vec<(String, Movement)>, Error> {
    let query = sqlx::query(
        "SELECT category, sum(cb), sum(cr), sum(db), sum(dr), sum(entries) FROM (
             SELECT category, credit_billions AS cb, credit_rest AS cr, debit_billions AS db, debit_rest AS dr, entries
               FROM daily_category WHERE company_id = $1 AND account_id = $2 AND business_date BETWEEN $3 AND $4
             UNION ALL
             SELECT category, credits / 1000000000, credits % 1000000000, debits / 1000000000, debits % 1000000000, entries
               FROM entry_delta WHERE company_id = $1 AND account_id = $2 AND business_date BETWEEN $3 AND $4
         ) GROUP BY category ORDER BY category",
    );
    let query = query.bind(company.uuid()).bind(account.uuid()).bind(from.to_string()).bind(to.to_string());
    query.fetch_all(db).await?.iter().map(|row| Ok((row.try_get(0)?, movement(row)?))).collect()
}

fn movement(row: &SqliteRow) -> Result<Movement, Error> {
    let entries: i64 = row.try_get(5)?;
    Ok(Movement { credits: total(row, 1)?, debits: total(row, 3)?, entries: entries.try_into().unwrap_or(0) })
}

/// A sum in two columns, billions first.
pub(super) fn total(row: &SqliteRow, billions: usize) -> Result<Total, Error> {
    let (billions, rest) = (row.try_get::<i64, _>(billions)?, row.try_get::<i64, _>(billions + 1)?);
    Ok(Total::from_centavos(i128::from(billions) * BILLION + i128::from(rest)))
}
