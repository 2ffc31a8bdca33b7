//! The durable jobs of boletos.

mod issue_chunk;
mod sweep_files;

pub use issue_chunk::IssueChunk;
pub use sweep_files::SweepFiles;
