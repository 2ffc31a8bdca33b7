//! Companies, the tenants of everything, and the API keys they call with.

mod api;
mod error;
mod model;
mod pepper;
mod service;
mod store;

pub use api::{
    AdminApi, CompanyOut, IssuedKeyOut, KeyOut, KeyRing, PlanOut, RotatedKeyOut, admin_router, openapi,
    partner_router,
};
pub use error::Error;
pub use model::{
    Act, Actor, Address, AddressesError, AllowedAddresses, ApiKeyText, AuditEntry, AuditFilter, AuditId,
    BurstWithoutRate, Company, CompanyChange, CompanyName, CompanyStatus, Document, Email, EmailError, Key,
    KeyChange, KeyId, KeyMode, KeyName, KeyState, ModeError, NewCompany, NewKey, NotAKey, Overlap,
    OverlapError, PepperId, PepperIdError, Per, Plan, PlanInForce, PlanName, PlanNameError, PlanTerms, Quota,
    QuotaError, Refusal, Scope, ScopeError, Scopes, ScopesError, StatusError, TextError, TooManyAddresses,
};
pub use pepper::{Pepper, PepperError, Peppers};
pub use service::{
    IssuedKey, Notices, OnCompanyCreated, Partners, QuotaNotice, Quotas, RemindOfKeys, RotatedKey,
    SendKeyReminder, Taken, WarnOfQuota,
};
