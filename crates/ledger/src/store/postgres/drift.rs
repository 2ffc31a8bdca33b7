//! Sums against entries on PostgreSQL. Entries and their deltas commit together, so one statement's snapshot holds
//! both or neither, and sums + deltas must equal entries in every snapshot.

use comporta_db::Error;
use comporta_db::columns::{PgDate, from_pg_date};
use comporta_kernel::{CompanyId, Total, TypedId as _};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::CONSOLIDATOR_LOCK;
use crate::model::AccountId;
use crate::store::{Drift, SignedMovement};

/// What entries less sums less deltas leaves, for one table of sums: must be nothing. `$key` is how a day falls
/// into the table's key.
macro_rules! missing {
    ($table:literal, $day:literal, $of_day:literal, $category:literal, $of_entry:literal) => {
        concat!(
            "SELECT day, category, sum(credits) AS credits, sum(debits) AS debits, sum(entries) AS entries FROM (
                 SELECT ", $of_day, " AS day, ", $of_entry, " AS category,
                        coalesce(sum(amount) FILTER (WHERE kind = 'credit'), 0) AS credits,
                        coalesce(sum(amount) FILTER (WHERE kind = 'debit'), 0) AS debits, count(*)::numeric AS entries
                   FROM entry WHERE company_id = $1 AND account_id = $2 GROUP BY 1, 2
                 UNION ALL
                 SELECT ", $of_day, ", ", $category, ", -credits, -debits, -entries FROM entry_delta WHERE company_id = $1 AND account_id = $2
                 UNION ALL
                 SELECT ", $day, ", ", $category, ", -credits, -debits, -entries FROM ", $table, " WHERE company_id = $1 AND account_id = $2
             ) AS movement GROUP BY 1, 2 HAVING sum(credits) <> 0 OR sum(debits) <> 0 OR sum(entries) <> 0"
        )
    };
}

macro_rules! shown {
    ($missing:expr) => {
        concat!(
            "SELECT day, category, credits::text, debits::text, entries::bigint FROM (",
            $missing,
            ") AS missing ORDER BY 1, 2"
        )
    };
}

macro_rules! mended {
    ($missing:expr, $table:literal, $columns:literal, $values:literal) => {
        concat!(
            "WITH missing AS (", $missing, "), put AS (
                 INSERT INTO ", $table, " AS kept (company_id, account_id, ", $columns, ", credits, debits, entries)
                 SELECT $1, $2, ", $values, ", credits, debits, entries::bigint FROM missing
                 ON CONFLICT (company_id, account_id, ", $columns, ") DO UPDATE SET credits = kept.credits + excluded.credits,
                     debits = kept.debits + excluded.debits, entries = kept.entries + excluded.entries
             ) SELECT day, category, credits::text, debits::text, entries::bigint FROM missing ORDER BY 1, 2"
        )
    };
}

macro_rules! daily {
    () => {
        missing!("daily_balance", "business_date", "business_date", "''", "''")
    };
}
macro_rules! monthly {
    () => {
        missing!("monthly_balance", "month", "date_trunc('month', business_date)::date", "''", "''")
    };
}
macro_rules! by_category {
    () => {
        missing!("daily_category", "business_date", "business_date", "category", "coalesce(category, '')")
    };
}

const FIND: [(&str, &str); 3] = [
    ("daily_balance", shown!(daily!())),
    ("monthly_balance", shown!(monthly!())),
    ("daily_category", shown!(by_category!())),
];

const MEND: [(&str, &str); 3] = [
    ("daily_balance", mended!(daily!(), "daily_balance", "business_date", "day")),
    ("monthly_balance", mended!(monthly!(), "monthly_balance", "month", "day")),
    ("daily_category", mended!(by_category!(), "daily_category", "business_date, category", "day, category")),
];

pub(super) async fn find(
    db: &mut PgConnection,
    company: CompanyId,
    account: AccountId,
) -> Result<Vec<Drift>, Error> {
    take_your_time(db).await?;
    run(db, &FIND, company, account).await
}

/// Sets the sums right while no consolidator moves deltas into them.
pub(super) async fn mend(
    db: &mut PgConnection,
    company: CompanyId,
    account: AccountId,
) -> Result<Vec<Drift>, Error> {
    take_your_time(db).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(CONSOLIDATOR_LOCK).execute(&mut *db).await?;
    run(db, &MEND, company, account).await
}

/// A large account takes longer to sum than a statement may otherwise run.
async fn take_your_time(db: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("SET LOCAL statement_timeout = 0").execute(db).await?;
    Ok(())
}

async fn run(
    db: &mut PgConnection,
    statements: &[(&'static str, &'static str)],
    company: CompanyId,
    account: AccountId,
) -> Result<Vec<Drift>, Error> {
    let mut drifts = Vec::new();
    for (table, statement) in statements {
        let rows =
            sqlx::query(*statement).bind(company.uuid()).bind(account.uuid()).fetch_all(&mut *db).await?;
        for row in &rows {
            drifts.push(from_row(table, row)?);
        }
    }
    Ok(drifts)
}

fn from_row(table: &'static str, row: &PgRow) -> Result<Drift, Error> {
    let total = |index: usize| -> Result<Total, Error> {
        let text: &str = row.try_get(index)?;
        text.parse().map(Total::from_centavos).map_err(|_| Error::Corrupt { column: "daily_balance.credits" })
    };
    Ok(Drift {
        table,
        day: from_pg_date(row.try_get::<PgDate, _>(0)?, "daily_balance.business_date")?,
        category: row.try_get(1)?,
        missing: SignedMovement { credits: total(2)?, debits: total(3)?, entries: row.try_get(4)? },
    })
}
