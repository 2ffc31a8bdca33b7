//! The slow and obvious truth: sums straight over the entries.

use std::collections::BTreeMap;

use comporta_db::Engine;
use comporta_kernel::{BusinessDate, TypedId as _};
use sqlx::Row as _;

use super::World;
use crate::model::AccountId;

/// Credits less debits of each day on which anything moved.
pub(super) async fn net_by_day(world: &World, account: AccountId) -> BTreeMap<BusinessDate, i128> {
    const SQL: &str = "SELECT CAST(business_date AS text), amount, kind FROM entry WHERE company_id = $1 AND account_id = $2";
    macro_rules! rows {
        ($db:expr) => {{
            let rows = sqlx::query(SQL)
                .bind(world.company.uuid())
                .bind(account.uuid())
                .fetch_all($db)
                .await
                .unwrap();
            rows.iter()
                .map(|row| (row.get::<String, _>(0), row.get::<i64, _>(1), row.get::<String, _>(2)))
                .collect::<Vec<_>>()
        }};
    }
    let rows = match world.db.engine() {
        Engine::Postgres(db) => rows!(db.primary()),
        Engine::Sqlite(db) => rows!(db.readers()),
    };
    let mut days = BTreeMap::new();
    for (day, amount, kind) in rows {
        let sign = if kind == "credit" { 1 } else { -1 };
        *days.entry(day.parse().unwrap()).or_default() += sign * i128::from(amount);
    }
    days
}

/// Every day of the account equals the sum of its entries, and no kept sum differs.
pub(super) async fn check(world: &World, account: AccountId) {
    let truth = net_by_day(world, account).await;
    let (Some(first), Some(last)) = (truth.keys().next().copied(), truth.keys().last().copied()) else {
        return;
    };
    let (_, days) =
        world.ledger.daily_balances(world.company, Some(account), Some(first), Some(last)).await.unwrap();
    for day in days {
        assert_eq!(
            day.movement.net().centavos(),
            truth.get(&day.date).copied().unwrap_or_default(),
            "{}",
            day.date
        );
    }
    assert_eq!(world.drifts(account).await, []);
}

/// Runs a statement by hand, as somebody with access to the database might.
pub(super) async fn tamper(world: &World, statement: &'static str) -> Result<u64, sqlx::Error> {
    match world.db.engine() {
        Engine::Postgres(db) => Ok(sqlx::query(statement).execute(db.primary()).await?.rows_affected()),
        Engine::Sqlite(db) => {
            let mut turn = db.write().await.unwrap();
            let changed = sqlx::query(statement).execute(&mut *turn).await?.rows_affected();
            turn.commit().await.unwrap();
            Ok(changed)
        }
    }
}
