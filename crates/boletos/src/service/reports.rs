//! How an import stands, and what it has to say of its rows.

use comporta_kernel::CompanyId;

use super::Boletos;
use crate::error::Error;
use crate::model::{Import, ImportId, Problem};
use crate::store::imports::ChunkKey;

impl Boletos {
    pub(crate) async fn import(&self, company: CompanyId, id: ImportId) -> Result<Import, Error> {
        self.store().import(company, id).await?.ok_or(Error::NoSuchImport)
    }

    /// What one chunk's rows had to be told of so far, in the order of their lines; `None` behind the last chunk.
    pub(crate) async fn problems(
        &self,
        company: CompanyId,
        import: ImportId,
        chunk: u32,
    ) -> Result<Option<Vec<Problem>>, Error> {
        Ok(self.store().problems(ChunkKey { company, import, number: chunk }).await?)
    }
}
