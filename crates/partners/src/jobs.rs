//! The capability's durable jobs.

mod forget_old_usage;
mod remind_of_keys;
mod send_key_reminder;
mod warn_of_quota;

pub use forget_old_usage::ForgetOldUsage;
pub use remind_of_keys::RemindOfKeys;
pub use send_key_reminder::SendKeyReminder;
pub use warn_of_quota::WarnOfQuota;
