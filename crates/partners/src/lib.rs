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
    AdminApi, CompanyOut, IssuedKeyOut, KeyOut, KeyRing, RotatedKeyOut, admin_router, openapi, partner_router,
};
pub use error::Error;
pub use jobs::{IssueInvoices, SendInvoice};
pub use model::{
    Address, ApiKeyText, Calls, Company, CompanyChange, CompanyName, CompanyStatus, Document, Email,
    EmailError, Key, KeyId, KeyMode, KeyName, KeyState, ModeError, NewCompany, NewKey, NotAKey, Overlap,
    OverlapError, Price, PriceLine, PricePart, Refusal, Scope, ScopeError, Scopes, ScopesError, StatusClass,
    StatusError, TextError, Tier, TiersError, UnitPrice, UnitPriceError,
};
pub use pepper::{Pepper, PepperError};
pub use service::{BillRun, BillingTerms, Bills, BillsInvoices, IssuedKey, OnCompanyCreated, Partners, RotatedKey};
