//! What the database holds, by slow and obvious statements of our own.

use std::collections::{BTreeMap, HashMap};

use sqlx::postgres::PgRow;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{Connection as _, FromRow, PgConnection, SqliteConnection};

/// Sums of one account and day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Movement {
    /// Centavos that came in.
    pub credits: i64,
    /// Centavos that went out.
    pub debits: i64,
    /// How many entries there are.
    pub entries: i64,
}

/// A second pair of eyes on a database.
#[derive(Clone, Debug)]
pub struct Oracle(String);

impl Oracle {
    /// On the database of this URL.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// `SUM(entry)` by the account's name and the day.
    pub async fn sums(&self) -> BTreeMap<(String, String), Movement> {
        let rows: Vec<(String, String, i64, i64, i64)> = self
            .rows(
                "SELECT account.name, CAST(business_date AS text),
                        CAST(sum(CASE kind WHEN 'credit' THEN amount ELSE 0 END) AS bigint),
                        CAST(sum(CASE kind WHEN 'debit' THEN amount ELSE 0 END) AS bigint),
                        count(*)
                 FROM entry JOIN account ON account.id = account_id
                 GROUP BY account.name, business_date",
            )
            .await;
        rows.into_iter()
            .map(|(account, day, credits, debits, entries)| {
                ((account, day), Movement { credits, debits, entries })
            })
            .collect()
    }

    /// How many entries bear each description.
    pub async fn described(&self) -> HashMap<String, i64> {
        self.rows("SELECT description, count(*) FROM entry GROUP BY description").await.into_iter().collect()
    }

    /// How many entries there are.
    pub async fn entries(&self) -> i64 {
        self.number("SELECT count(*) FROM entry").await
    }

    /// How many deltas wait for the consolidator.
    pub async fn pending(&self) -> i64 {
        self.number("SELECT count(*) FROM entry_delta").await
    }

    /// How many entries the consolidator has folded into daily balances.
    pub async fn consolidated(&self) -> i64 {
        self.number("SELECT CAST(coalesce(sum(entries), 0) AS bigint) FROM daily_balance").await
    }

    /// Adds a centavo to the consolidated credits of each day, as no program of ours would.
    pub async fn spoil_balances(&self) {
        if let Some(path) = self.0.strip_prefix("sqlite:") {
            let options = SqliteConnectOptions::new().filename(path);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            let spoil = "UPDATE daily_balance SET credit_rest = credit_rest + 1";
            sqlx::query(spoil).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&self.0).await.unwrap();
            sqlx::query("UPDATE daily_balance SET credits = credits + 1")
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }

    /// Runs a statement that changes something, as no program of ours would.
    pub async fn change(&self, statement: &'static str) {
        if let Some(path) = self.0.strip_prefix("sqlite:") {
            let options = SqliteConnectOptions::new().filename(path);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&self.0).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        }
    }

    async fn number(&self, statement: &'static str) -> i64 {
        self.rows::<(i64,)>(statement).await[0].0
    }

    async fn rows<T>(&self, statement: &'static str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        if let Some(path) = self.0.strip_prefix("sqlite:") {
            let options = SqliteConnectOptions::new().filename(path).read_only(true);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            return sqlx::query_as(statement).fetch_all(&mut connection).await.unwrap();
        }
        let mut connection = PgConnection::connect(&self.0).await.unwrap();
        sqlx::query_as(statement).fetch_all(&mut connection).await.unwrap()
    }
}
