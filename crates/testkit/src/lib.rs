//! The program under test as a process that can be killed and started again, and a client that calls it.

mod archiving;
mod client;
mod entry_body;
mod server;
mod smtp_sink;

pub use archiving::ArchivingPostgres;
pub use client::{Answer, Client, Failure};
pub use entry_body::{EntryBody, batch};
pub use server::{FirstRun, Member, Server, Setup};
pub use smtp_sink::{Delivered, SmtpSink, SmtpTerms};
