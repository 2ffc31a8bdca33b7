//! The capability's durable jobs.

mod forget_old_usage;

pub use forget_old_usage::ForgetOldUsage;
