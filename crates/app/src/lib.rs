//! The application: settings, logging, the command line, and what joins the capabilities into one process.

pub mod alerts;
pub mod arguments;
pub mod cli;
pub mod commands;
pub mod docs;
pub mod doors;
pub mod emf;
pub mod first_run;
pub mod gauges;
pub mod handover;
pub mod logging;
pub mod metrics;
pub mod openapi;
mod outbound;
pub mod private;
pub mod reload;
pub mod request_log;
pub mod sentry;
pub mod server;
mod service_counts;
mod service_layers;
pub mod service_listener;
mod service_spans;
pub mod settings;
pub mod supervisor;
pub mod trace_export;
pub mod wiring;
