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
    invoices_admin_router, invoices_router, openapi, partner_router, usage_admin_router, usage_router,
};
pub use error::Error;
pub use jobs::{ForgetOldUsage, IssueInvoices, SendInvoice};
pub use model::{
    Address, Amount, ApiKeyText, BurstWithoutRate, Calls, Company, CompanyChange, CompanyName, CompanyStatus,
    Document, Email, EmailError, Invoice, InvoiceFilter, InvoiceId, InvoiceLine, InvoiceStatus,
    InvoiceStatusError, InvoiceWithLines, Key, KeyId, KeyMode, KeyName, KeyState, ModeError, NewCompany,
    NewKey, NotAKey, Overlap, OverlapError, Party, Per, Plan, PlanInForce, PlanName, PlanNameError,
    PlanTerms, Price, PriceLine, PricePart, Quota, QuotaError, Refusal, Scope, ScopeError, Scopes,
    ScopesError, StatusClass, StatusError, TextError, Tier, TiersError, UnitPrice, UnitPriceError,
    UsageGroup, UsageKey, UsageRange, UsageRangeError, UsageRow,
};
pub use pepper::{Pepper, PepperError};
pub use service::{
    BillRun, BillingTerms, Bills, BillsInvoices, IssuedKey, MailsInvoices, OnCompanyCreated, Partners,
    Quotas, RotatedKey, Taken, Usage, WarnOfQuota,
};
