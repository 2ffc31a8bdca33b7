//! The board in the database: read, brought up to now, and written back in one transaction, one process after the other.

#[cfg(test)]
mod contract;
mod postgres;
mod sqlite;

use comporta_db::{Connection, Db, Error, Tx};
use comporta_kernel::{Timestamp, Uuid};

use crate::model::{Alert, Alerts, Condition, Kind, Telling};

/// The board of one database.
#[derive(Clone, Debug)]
pub(crate) struct Store(Db);

/// The board, locked until it is written or dropped.
pub(crate) struct Board {
    tx: Tx,
    before: Alerts,
    /// What is wrong: to be changed as it is to be from now on.
    pub(crate) alerts: Alerts,
    /// Who speaks while the database is away, and until when nobody else does.
    keeper: Option<(Uuid, Timestamp)>,
}

impl Store {
    pub(crate) const fn new(db: Db) -> Self {
        Self(db)
    }

    /// The board, which no other process reads or writes meanwhile.
    pub(crate) async fn open(&self) -> Result<Board, Error> {
        let mut tx = self.0.begin().await?;
        let (keeper, before) = match tx.connection() {
            Connection::Postgres(db) => (postgres::keeper(db).await?, postgres::alerts(db).await?),
            Connection::Sqlite(db) => (sqlite::keeper(db).await?, sqlite::alerts(db).await?),
        };
        Ok(Board { tx, alerts: before.clone(), before, keeper })
    }
}

impl Board {
    /// Makes a process the one that speaks while the database is away, unless another one is; gives whether it is.
    pub(crate) fn keep(&mut self, instance: Uuid, now: Timestamp, until: Timestamp) -> bool {
        let free = self.keeper.is_none_or(|(keeper, leased)| keeper == instance || leased <= now);
        if free {
            self.keeper = Some((instance, until));
        }
        free
    }

    /// Writes what has changed.
    pub(crate) async fn write(self) -> Result<Alerts, Error> {
        let Self { mut tx, before, alerts, keeper } = self;
        let changed = alerts.iter().filter(|(condition, alert)| before.get(condition) != Some(alert));
        let changed: Vec<(Condition, &Alert)> =
            changed.map(|(&condition, alert)| (condition, alert)).collect();
        let gone: Vec<Condition> =
            before.keys().copied().filter(|condition| !alerts.contains_key(condition)).collect();
        match tx.connection() {
            Connection::Postgres(db) => postgres::write(db, keeper, &changed, &gone).await?,
            Connection::Sqlite(db) => sqlite::write(db, keeper, &changed, &gone).await?,
        }
        tx.commit().await?;
        Ok(alerts)
    }
}

/// What people are told, of its columns; `None` for what this version does not tell.
fn telling(kind: Option<&str>, since: Option<Timestamp>, reached: &str) -> Option<Telling> {
    let reached = reached.lines().map(str::to_owned).collect();
    Some(Telling { kind: Kind::of(kind?)?, since: since?, reached })
}

/// Who has got it, one a line.
fn lines(telling: Option<&Telling>) -> String {
    let reached = telling.map(|telling| telling.reached.iter().map(String::as_str).collect::<Vec<_>>());
    reached.unwrap_or_default().join("\n")
}
