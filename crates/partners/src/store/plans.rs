//! What plans ask of a database.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Engine, Tx};
use comporta_kernel::Timestamp;

use super::{postgres, sqlite};
use crate::model::PeriodInUse;
use crate::{Error, Plan, PlanName, PlanTerms};

/// Whole use cases, each atomic. Every change raises the one epoch first, as those of companies and keys do.
#[async_trait]
pub(crate) trait PlanStore: Send + Sync {
    /// Puts a plan in place of the one of this name, if there is any.
    async fn put(
        &self,
        tx: &mut Tx,
        name: &PlanName,
        terms: &PlanTerms,
        at: Timestamp,
    ) -> Result<Plan, Error>;
    async fn plan(&self, name: &PlanName) -> Result<Option<Plan>, Error>;
    /// At most `limit` plans by name, from after the given one on.
    async fn plans(&self, after: &str, limit: u16) -> Result<Vec<Plan>, Error>;
    /// Removes a plan that no company has.
    async fn remove(&self, tx: &mut Tx, name: &PlanName) -> Result<(), Error>;
    /// At most `limit` of the days and months under way of which a good part was in use, each with the plan of its
    /// company as it is now.
    async fn periods_near(&self, now: Timestamp, limit: i64) -> Result<Vec<PeriodInUse>, Error>;
}

pub(crate) fn of(db: &Db) -> Arc<dyn PlanStore> {
    match db.engine() {
        Engine::Postgres(db) => Arc::new(postgres::PostgresStore(db.clone())),
        Engine::Sqlite(db) => Arc::new(sqlite::SqliteStore(db.clone())),
    }
}

/// A plan's terms as they are kept.
pub(super) fn document(terms: &PlanTerms) -> Result<String, Error> {
    serde_json::to_string(terms).map_err(|_| corrupt())
}

/// The same, read strictly: a plan of which a part is not understood must not be applied in part.
pub(super) fn read_terms(document: &str) -> Result<PlanTerms, Error> {
    serde_json::from_str(document).map_err(|_| corrupt())
}

fn corrupt() -> Error {
    comporta_db::Error::Corrupt { column: "plan.document" }.into()
}
