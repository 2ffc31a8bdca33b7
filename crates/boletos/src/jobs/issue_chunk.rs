//! Issues the boletos of one chunk of an import.

use comporta_jobs::{Context, Job, JobError};
use comporta_kernel::CompanyId;
use serde::{Deserialize, Serialize};

use crate::model::ImportId;
use crate::service::Boletos;
use crate::store::imports::ChunkKey;

/// A chunk is worked through in turns, each of which says how far it came: run again, it goes on from there.
#[derive(Debug, Serialize, Deserialize)]
pub struct IssueChunk {
    pub(crate) company_id: CompanyId,
    pub(crate) import_id: ImportId,
    pub(crate) chunk: u32,
}

impl Job for IssueChunk {
    const NAME: &'static str = "issue_boletos_of_chunk";
    type State = Boletos;

    async fn run(&self, context: &Context<Boletos>) -> Result<(), JobError> {
        let boletos = &context.state;
        let key = ChunkKey { company: self.company_id, import: self.import_id, number: self.chunk };
        let Err(error) = boletos.issue_chunk(key).await else { return Ok(()) };
        if error.may_pass() && !context.is_last {
            return Err(JobError::retry(error));
        }
        boletos.fail_import(key.company, key.import, &error).await.map_err(JobError::retry)?;
        Err(JobError::give_up(error))
    }
}
