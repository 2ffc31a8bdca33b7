//! The capability's durable jobs.

mod warn_of_quota;

pub use warn_of_quota::WarnOfQuota;
