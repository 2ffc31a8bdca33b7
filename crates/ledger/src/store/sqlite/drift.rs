//! Sums against entries on SQLite. Entries and their deltas commit together, so one statement's snapshot holds both
//! or neither, and sums + deltas must equal entries in every snapshot.

use comporta_db::Error;
use comporta_db::columns::from_text;
use comporta_kernel::{CompanyId, TypedId as _};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqliteExecutor};

use super::balances::total;
use crate::model::AccountId;
use crate::store::{Drift, SignedMovement};

/// What entries less sums less deltas leaves, for one table of sums: must be nothing.
macro_rules! missing {
    ($table:literal, $day:literal, $of_day:literal, $category:literal, $of_entry:literal) => {
        concat!(
            "SELECT day, category, sum(cb) AS cb, sum(cr) AS cr, sum(db) AS db, sum(dr) AS dr, sum(entries) AS entries FROM (
                 SELECT ", $of_day, " AS day, ", $of_entry, " AS category,
                        sum(iif(kind = 'credit', amount / 1000000000, 0)) AS cb, sum(iif(kind = 'credit', amount % 1000000000, 0)) AS cr,
                        sum(iif(kind = 'debit', amount / 1000000000, 0)) AS db, sum(iif(kind = 'debit', amount % 1000000000, 0)) AS dr,
                        count(*) AS entries
                   FROM entry WHERE company_id = $1 AND account_id = $2 GROUP BY 1, 2
                 UNION ALL
                 SELECT ", $of_day, ", ", $category, ", -(credits / 1000000000), -(credits % 1000000000),
                        -(debits / 1000000000), -(debits % 1000000000), -entries
                   FROM entry_delta WHERE company_id = $1 AND account_id = $2
                 UNION ALL
                 SELECT ", $day, ", ", $category, ", -credit_billions, -credit_rest, -debit_billions, -debit_rest, -entries
                   FROM ", $table, " WHERE company_id = $1 AND account_id = $2
             ) GROUP BY 1, 2
             HAVING sum(cb) * 1000000000 + sum(cr) <> 0 OR sum(db) * 1000000000 + sum(dr) <> 0 OR sum(entries) <> 0
             ORDER BY 1, 2"
        )
    };
}

macro_rules! put {
    ($table:literal, $columns:literal, $values:literal) => {
        concat!(
            "INSERT INTO ", $table, " AS kept (company_id, account_id, ", $columns, ", credit_billions, credit_rest, debit_billions, debit_rest, entries)
             VALUES ($1, $2, ", $values, ", $5, $6, $7, $8, $9)
             ON CONFLICT (company_id, account_id, ", $columns, ") DO UPDATE SET
                 credit_billions = kept.credit_billions + excluded.credit_billions, credit_rest = kept.credit_rest + excluded.credit_rest,
                 debit_billions = kept.debit_billions + excluded.debit_billions, debit_rest = kept.debit_rest + excluded.debit_rest,
                 entries = kept.entries + excluded.entries"
        )
    };
}

/// A table of sums: how to find what is wrong in it, and how to add what is missing.
struct Sums {
    table: &'static str,
    find: &'static str,
    put: &'static str,
}

// $4 is the category: the tables without one must still mention it.
const SUMS: [Sums; 3] = [
    Sums {
        table: "daily_balance",
        find: missing!("daily_balance", "business_date", "business_date", "''", "''"),
        put: put!("daily_balance", "business_date", "coalesce($3, $4)"),
    },
    Sums {
        table: "monthly_balance",
        find: missing!("monthly_balance", "month", "substr(business_date, 1, 7) || '-01'", "''", "''"),
        put: put!("monthly_balance", "month", "coalesce($3, $4)"),
    },
    Sums {
        table: "daily_category",
        find: missing!(
            "daily_category",
            "business_date",
            "business_date",
            "category",
            "coalesce(category, '')"
        ),
        put: put!("daily_category", "business_date, category", "$3, $4"),
    },
];

pub(super) async fn find(
    db: impl SqliteExecutor<'_> + Copy,
    company: CompanyId,
    account: AccountId,
) -> Result<Vec<Drift>, Error> {
    let mut drifts = Vec::new();
    for sums in &SUMS {
        let rows = sqlx::query(sums.find).bind(company.uuid()).bind(account.uuid()).fetch_all(db).await?;
        for row in &rows {
            drifts.push(from_row(sums.table, row)?);
        }
    }
    Ok(drifts)
}

pub(super) async fn mend(
    db: &mut SqliteConnection,
    company: CompanyId,
    account: AccountId,
) -> Result<Vec<Drift>, Error> {
    let mut drifts = Vec::new();
    for sums in &SUMS {
        let rows =
            sqlx::query(sums.find).bind(company.uuid()).bind(account.uuid()).fetch_all(&mut *db).await?;
        for row in &rows {
            let mut put = sqlx::query(sums.put).bind(company.uuid()).bind(account.uuid());
            put = put.bind(row.try_get::<String, _>(0)?).bind(row.try_get::<String, _>(1)?);
            for column in 2..=6 {
                put = put.bind(row.try_get::<i64, _>(column)?);
            }
            put.execute(&mut *db).await?;
            drifts.push(from_row(sums.table, row)?);
        }
    }
    Ok(drifts)
}

fn from_row(table: &'static str, row: &SqliteRow) -> Result<Drift, Error> {
    Ok(Drift {
        table,
        day: from_text(row.try_get(0)?, "daily_balance.business_date")?,
        category: row.try_get(1)?,
        missing: SignedMovement { credits: total(row, 2)?, debits: total(row, 4)?, entries: row.try_get(6)? },
    })
}
