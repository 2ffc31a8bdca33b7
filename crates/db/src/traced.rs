//! Pools and transactions whose work is told as spans, where the request that it serves is recorded.

use std::fmt;
use std::ops::{Deref, DerefMut};

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{BoxStream, StreamExt as _};
use sqlx::error::BoxDynError;
use sqlx::{Database, Either, Execute, Executor, Pool, SqlStr, Transaction};

use crate::Error;
use crate::trace::{Place, Trace, Work};

type Step<DB> = Either<<DB as Database>::QueryResult, <DB as Database>::Row>;

/// A pool of connections, lent for one statement, which it takes as the pool itself does.
pub struct Lent<'a, DB: Database> {
    pool: &'a Pool<DB>,
    place: &'a Place,
}

/// A transaction that is undone unless it is committed.
pub struct Turn<DB: Database> {
    transaction: Transaction<'static, DB>,
    work: Option<Work>,
}

/// A statement as it was, its text looked at.
struct Seen<DB: Database> {
    sql: SqlStr,
    arguments: Result<Option<DB::Arguments>, BoxDynError>,
    persistent: bool,
}

impl<'a, DB: Database> Lent<'a, DB> {
    pub(crate) const fn new(pool: &'a Pool<DB>, place: &'a Place) -> Self {
        Self { pool, place }
    }
}

impl<DB: Database> Turn<DB> {
    /// Waits for a connection and begins.
    pub(crate) async fn begin(lent: Lent<'_, DB>, statement: Option<&'static str>) -> Result<Self, Error> {
        let work = Trace::transaction(lent.place);
        let transaction = match statement {
            Some(statement) => lent.pool.begin_with(statement).await?,
            None => lent.pool.begin().await?,
        };
        Ok(Self { transaction, work })
    }

    /// Makes all its work durable at once.
    ///
    /// # Errors
    /// [`Error::Sql`]. When that [is unavailability](Error::is_unavailable) the outcome is not known;
    /// otherwise nothing was written.
    pub async fn commit(mut self) -> Result<(), Error> {
        let committed = self.transaction.commit().await.map_err(Error::from);
        if let Some(work) = &mut self.work {
            match &committed {
                Ok(()) => work.is_committed(),
                Err(error) => work.fails(error.kind()),
            }
        }
        committed
    }
}

impl<DB: Database> Deref for Turn<DB> {
    type Target = DB::Connection;
    fn deref(&self) -> &DB::Connection {
        &self.transaction
    }
}

impl<DB: Database> DerefMut for Turn<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.transaction
    }
}

impl<DB: Database> Clone for Lent<'_, DB> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<DB: Database> Copy for Lent<'_, DB> {}

impl<'p, DB: Database> Executor<'p> for Lent<'p, DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step<DB>, sqlx::Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let Some(trace) = Trace::current() else { return self.pool.fetch_many(query) };
        let seen = Seen::of(query);
        let mut work = trace.statement(self.place, seen.sql.as_str());
        let steps = self.pool.fetch_many(seen);
        steps.inspect(move |step| work.fails_if(step.as_ref().err())).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, sqlx::Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let Some(trace) = Trace::current() else { return self.pool.fetch_optional(query) };
        let seen = Seen::of(query);
        let mut work = trace.statement(self.place, seen.sql.as_str());
        let row = self.pool.fetch_optional(seen);
        row.inspect(move |row| work.fails_if(row.as_ref().err())).boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, sqlx::Error>>
    where
        'p: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }
}

impl<DB: Database> Seen<DB> {
    fn of<'q>(mut query: impl Execute<'q, DB>) -> Self {
        let (arguments, persistent) = (query.take_arguments(), query.persistent());
        Self { sql: query.sql(), arguments, persistent }
    }
}

impl<DB: Database> Execute<'_, DB> for Seen<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        std::mem::replace(&mut self.arguments, Ok(None))
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}

impl<DB: Database> fmt::Debug for Lent<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("place", self.place).finish_non_exhaustive()
    }
}

impl<DB: Database> fmt::Debug for Turn<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("work", &self.work).finish_non_exhaustive()
    }
}
