//! The durable jobs of boletos.

mod deliver_boletos;
mod issue_chunk;
mod sweep_files;

pub use deliver_boletos::{DeliverBoleto, DeliverBoletos};
pub use issue_chunk::IssueChunk;
pub use sweep_files::SweepFiles;
