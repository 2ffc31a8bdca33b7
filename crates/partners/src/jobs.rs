//! The durable jobs of the capability.

mod keep_request_log;

pub use keep_request_log::KeepRequestLog;
