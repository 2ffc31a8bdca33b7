//! Companies, the tenants of everything, and the API keys they call with.

mod api;
mod error;
mod jobs;
mod model;
mod pepper;
mod service;
mod store;

pub use api::{
    AdminApi, CompanyOut, IssuedKeyOut, KeyOut, KeyRing, RotatedKeyOut, UsageAdminApi, admin_router, openapi,
    partner_router, usage_admin_router, usage_router,
};
pub use error::Error;
pub use jobs::ForgetOldUsage;
pub use model::{
    Address, Amount, ApiKeyText, Company, CompanyChange, CompanyName, CompanyStatus, Document, Email,
    EmailError, Key, KeyId, KeyMode, KeyName, KeyState, ModeError, NewCompany, NewKey, NotAKey, Overlap,
    OverlapError, Refusal, Scope, ScopeError, Scopes, ScopesError, StatusError, TextError, UsageGroup,
    UsageKey, UsageRange, UsageRangeError, UsageRow,
};
pub use pepper::{Pepper, PepperError};
pub use service::{IssuedKey, OnCompanyCreated, Partners, RotatedKey, Usage};
