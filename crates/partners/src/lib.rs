//! Companies, the tenants of everything, and the API keys they call with.

mod api;
mod error;
mod invoice_pdf;
mod jobs;
mod model;
mod pepper;
mod service;
mod store;

pub use api::{
    AdminApi, CompanyOut, IssuedKeyOut, KeyOut, KeyRing, PlanOut, RotatedKeyOut, UsageAdminApi, admin_router,
    invoices_admin_router, invoices_router, openapi, partner_router, request_log_admin_router,
    request_log_router, usage_admin_router, usage_router,
};
pub use error::Error;
pub use jobs::{
    ForgetOldUsage, IssueInvoices, KeepRequestLog, RemindOfKeys, SendInvoice, SendKeyReminder, WarnOfQuota,
};
pub use model::{
    Act, Actor, Address, AddressesError, AllowedAddresses, Amount, ApiKeyText, AuditEntry, AuditFilter,
    AuditId, BodyDetails, BurstWithoutRate, Calls, Company, CompanyChange, CompanyName, CompanyStatus,
    Details, Document, Email, EmailError, Invoice, InvoiceFilter, InvoiceId, InvoiceLine, InvoiceStatus,
    InvoiceStatusError, InvoiceWithLines, Key, KeyChange, KeyId, KeyMode, KeyName, KeyState, LoggedRequest,
    LoggedRequestId, MessageDetails, ModeError, NewCompany, NewKey, NotAKey, Overlap, OverlapError, Party,
    PepperId, PepperIdError, Per, Plan, PlanInForce, PlanName, PlanNameError, PlanTerms, Price, PriceLine,
    PricePart, Quota, QuotaError, QuotasInUse, Refusal, Scope, ScopeError, Scopes, ScopesError, Search,
    StageTimings, StatusClass, StatusError, StatusFilter, StatusFilterError, TextError, Tier, TiersError,
    TooManyAddresses, TraceId, TraceIdError, UnitPrice, UnitPriceError, UsageGroup, UsageKey, UsageRange,
    UsageRangeError, UsageRow, Whose,
};
pub use pepper::{Pepper, PepperError, Peppers};
pub use service::{
    BillRun, BillingTerms, Bills, BillsInvoices, IssuedKey, MailsInvoices, OnCompanyCreated, Partners,
    Quotas, RequestLog, Retention, RotatedKey, Taken, Usage,
};
