//! The capability's durable jobs.

mod forget_old_usage;
mod issue_invoices;
mod keep_request_log;
mod remind_of_keys;
mod send_invoice;
mod send_key_reminder;
mod warn_of_quota;

pub use forget_old_usage::ForgetOldUsage;
pub use issue_invoices::IssueInvoices;
pub use keep_request_log::KeepRequestLog;
pub use remind_of_keys::RemindOfKeys;
pub use send_invoice::SendInvoice;
pub use send_key_reminder::SendKeyReminder;
pub use warn_of_quota::WarnOfQuota;
