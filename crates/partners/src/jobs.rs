//! The capability's durable jobs.

mod forget_old_usage;
mod issue_invoices;
mod keep_request_log;
mod send_invoice;
mod warn_of_quota;

pub use forget_old_usage::ForgetOldUsage;
pub use issue_invoices::IssueInvoices;
pub use keep_request_log::KeepRequestLog;
pub use send_invoice::SendInvoice;
pub use warn_of_quota::WarnOfQuota;
