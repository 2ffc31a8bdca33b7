//! The public and the private listener as a caller meets them, in process, on SQLite with a clock that stands still.

mod boletos;
mod collector;
mod entries;
mod partner;
mod refusals;
mod request_log;
mod sentry;
mod split;
mod staff;
mod test_app;
mod trace_export;
mod traces;
