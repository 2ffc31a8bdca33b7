//! The data plane: who calls, how much, and where it goes.
//!
//! [`Gateway`] is what the program holds. `exchange.rs` shows the life of a request in order.

pub mod config;
#[doc(hidden)]
pub mod fuzzing;

mod access;
mod body;
mod check;
mod cluster;
mod compile;
mod connections;
mod core;
mod counts;
mod credential;
mod deadline;
mod exchange;
mod fault;
mod forward;
mod gateway;
mod head;
mod headers;
mod http1;
mod incoming;
mod issuers;
mod limit;
mod listener;
mod metered;
mod model;
mod number_map;
mod plane;
mod ports;
mod record;
mod request_log;
mod serve;
mod service;
mod tls;
mod tracer;
mod upgrade;
mod waited;
mod watched;
mod who;

pub use body::{BodyError, RequestBody};
pub use check::check;
pub use cluster::TargetStatus;
pub use connections::Patience;
pub use credential::{PRINCIPAL_AUDIENCE, PRINCIPAL_HEADER, PRINCIPAL_TYPE, Signer};
pub use fault::{Fault, Place};
pub use gateway::{Drain, Gateway, Neighbours, Options, StartError, View};
pub use issuers::{ClientStanding, Companies, LocalIssuer};
pub use limit::{Per, Plan, Quota};
pub use listener::Listeners;
pub use ports::{AccessLog, Failure, FailureSink, Keys, Known, Plans, Quotas, Service, ServiceBody, Taken};
pub use request_log::{LoggedBody, LoggedRequest, RequestLog, RequestLogging, Timings};
pub use tls::web_client;
pub use tracer::{Tracing, recorded_within};
