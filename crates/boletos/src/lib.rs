//! Boletos: from a file of debts to a slip in every mailbox.

mod api;
mod error;
mod jobs;
pub mod model;
mod service;
pub mod slip;
mod store;

pub use api::{BoletosRead, BoletosWrite, PROBLEM_KINDS, openapi, router};
pub use error::Error;
pub use jobs::{IssueChunk, SweepFiles};
pub use service::Boletos;
