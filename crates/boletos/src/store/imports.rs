//! Imports, their chunks and their problems in the database.

use async_trait::async_trait;
use comporta_db::{Error, Tx};
use comporta_kernel::{CompanyId, Timestamp, Uuid};

use crate::model::{Chunk, Counts, Import, ImportId, ImportStatus, Problem};

/// Problems of a page.
const PAGE: usize = 500;
/// Problems of a statement, which are in memory as JSON.
pub(crate) const PROBLEMS_AT_ONCE: usize = 20 * PAGE;

/// Names a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkKey {
    pub(crate) company: CompanyId,
    pub(crate) import: ImportId,
    pub(crate) number: u32,
}

/// How far a chunk has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) chunk: Chunk,
    /// This attempt's number, from 0.
    pub(crate) attempt: u32,
    /// The debt written last.
    pub(crate) written_to: Option<String>,
    pub(crate) is_done: bool,
}

/// A step of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// The debt written last before it.
    pub(crate) from: Option<&'a str>,
    /// The debt written last with it.
    pub(crate) to: Option<&'a str>,
    pub(crate) is_last: bool,
}

#[async_trait]
pub(crate) trait Imports: Send + Sync + std::fmt::Debug {
    async fn insert_import(&self, tx: &mut Tx, import: &Import, chunks: &[Chunk]) -> Result<(), Error>;
    async fn import(&self, company: CompanyId, id: ImportId) -> Result<Option<Import>, Error>;
    /// The first ids of an import's chunks, in the order of the ids.
    async fn first_ids(&self, company: CompanyId, id: ImportId) -> Result<Vec<Uuid>, Error>;
    /// Begins an attempt at a chunk.
    async fn begin_chunk(&self, key: ChunkKey) -> Result<Option<Progress>, Error>;
    /// Takes a step, unless somebody else has taken it: then gives false, and nothing is to be committed. Whoever
    /// takes it too waits for the transaction's end.
    async fn step_chunk(&self, tx: &mut Tx, key: ChunkKey, step: Step<'_>) -> Result<bool, Error>;
    /// Appends to the problems of a chunk.
    async fn add_problems(&self, tx: &mut Tx, key: ChunkKey, problems: &[Problem]) -> Result<(), Error>;
    /// Adds to an import's counts, with the bytes of a chunk that is done; completes it with the last one. Gives how it
    /// stands then, `None` when it does not run any more and nothing is to be committed. The last statement of a step,
    /// because all chunks share the row.
    async fn count(
        &self,
        tx: &mut Tx,
        key: ChunkKey,
        counts: &Counts,
        done_bytes: Option<u64>,
        at: Timestamp,
    ) -> Result<Option<ImportStatus>, Error>;
    /// Ends an import that cannot go on; false when it has ended before.
    async fn fail_import(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: ImportId,
        error: &str,
        at: Timestamp,
    ) -> Result<bool, Error>;
    /// Whether an import that runs is in this file.
    async fn is_file_needed(&self, file: &str) -> Result<bool, Error>;
    /// The problems of a chunk, in the order of their lines; `None` behind the last chunk.
    async fn problems(&self, key: ChunkKey) -> Result<Option<Vec<Problem>>, Error>;
}

/// Problems as they are kept: a text for each page.
pub(crate) fn pages(problems: &[Problem]) -> Vec<String> {
    problems.chunks(PAGE).map(|page| serde_json::to_string(page).unwrap_or_default()).collect()
}

/// The problems of pages that were written at different times, in the order of their lines.
pub(crate) fn sorted(pages: &[String]) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    for page in pages {
        let page: Vec<Problem> =
            serde_json::from_str(page).map_err(|_| Error::Corrupt { column: "import_problem.problems" })?;
        problems.extend(page);
    }
    problems.sort_by_key(|problem| problem.0);
    Ok(problems)
}
