//! Balances on PostgreSQL: sums already rolled up and deltas still waiting, in one statement and so one snapshot.

use comporta_db::Error;
use comporta_db::columns::{PgDate, from_pg_date, pg_date};
use comporta_kernel::{BusinessDate, CompanyId, Total, TypedId as _};
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Row as _};

use crate::model::{AccountId, Movement, Movements};

pub(super) async fn movements(
    db: impl PgExecutor<'_>,
    company: CompanyId,
    account: AccountId,
    from: BusinessDate,
    to: BusinessDate,
) -> Result<Movements, Error> {
    let query = sqlx::query(
        "SELECT day, sum(credits)::text, sum(debits)::text, sum(entries)::bigint FROM (
             SELECT NULL::date AS day, credits, debits, entries FROM monthly_balance
              WHERE company_id = $1 AND account_id = $2 AND month < $3
             UNION ALL
             SELECT CASE WHEN business_date >= $4 THEN business_date END, credits, debits, entries FROM daily_balance
              WHERE company_id = $1 AND account_id = $2 AND business_date BETWEEN $3 AND $5
             UNION ALL
             SELECT CASE WHEN business_date >= $4 THEN business_date END, credits, debits, entries FROM entry_delta
              WHERE company_id = $1 AND account_id = $2 AND business_date <= $5
         ) AS movement GROUP BY day",
    );
    let query = query
        .bind(company.uuid())
        .bind(account.uuid())
        .bind(pg_date(from.month().first_day()))
        .bind(pg_date(from))
        .bind(pg_date(to));
    let mut movements = Movements::default();
    for row in query.fetch_all(db).await? {
        let moved = movement(&row)?;
        match row.try_get::<Option<PgDate>, _>(0)? {
            None => movements.before = moved,
            Some(day) => {
                movements.days.insert(from_pg_date(day, "daily_balance.business_date")?, moved);
            }
        }
    }
    Ok(movements)
}

pub(super) async fn by_category(
    db: impl PgExecutor<'_>,
    company: CompanyId,
    account: AccountId,
    from: BusinessDate,
    to: BusinessDate,
) -> Result<Vec<(String, Movement)>, Error> {
    let query = sqlx::query(
        "SELECT category, sum(credits)::text, sum(debits)::text, sum(entries)::bigint FROM (
             SELECT category, credits, debits, entries FROM daily_category
              WHERE company_id = $1 AND account_id = $2 AND business_date BETWEEN $3 AND $4
             UNION ALL
             SELECT category, credits, debits, entries FROM entry_delta
              WHERE company_id = $1 AND account_id = $2 AND business_date BETWEEN $3 AND $4
         ) AS movement GROUP BY category ORDER BY category COLLATE \"C\"",
    );
    let query = query.bind(company.uuid()).bind(account.uuid()).bind(pg_date(from)).bind(pg_date(to));
    query.fetch_all(db).await?.iter().map(|row| Ok((row.try_get(0)?, movement(row)?))).collect()
}

fn movement(row: &PgRow) -> Result<Movement, Error> {
    let total = |index: usize| -> Result<Total, Error> {
        let text: &str = row.try_get(index)?;
        text.parse().map(Total::from_centavos).map_err(|_| Error::Corrupt { column: "daily_balance.credits" })
    };
    let entries: i64 = row.try_get(3)?;
    Ok(Movement { credits: total(1)?, debits: total(2)?, entries: entries.try_into().unwrap_or(0) })
}
