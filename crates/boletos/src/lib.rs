//! Boletos: from a file of debts to a slip in every mailbox.

mod api;
mod beneficiary;
mod error;
mod jobs;
mod letter;
pub mod model;
mod paper;
mod service;
pub mod slip;
mod store;

pub use api::{BoletosRead, BoletosWrite, PROBLEM_KINDS, openapi, router};
pub use beneficiary::{Beneficiaries, Beneficiary};
pub use error::Error;
pub use jobs::{DeliverBoleto, DeliverBoletos, IssueChunk, SweepFiles};
pub use paper::{PaperError, Said};
pub use service::{Boletos, Deliveries, DeliveryOptions, MailWhen, Neighbours};
