//! Companies, the tenants of everything, and the API keys they call with.

mod api;
mod error;
mod jobs;
mod model;
mod pepper;
mod service;
mod store;

pub use api::{
    AdminApi, CompanyOut, IssuedKeyOut, KeyOut, KeyRing, PlanOut, RotatedKeyOut, admin_router, openapi,
    partner_router,
};
pub use error::Error;
pub use jobs::WarnOfQuota;
pub use model::{
    Address, ApiKeyText, BurstWithoutRate, Calls, Company, CompanyChange, CompanyName, CompanyStatus,
    Document, Email, EmailError, Key, KeyId, KeyMode, KeyName, KeyState, ModeError, NewCompany, NewKey,
    NotAKey, Overlap, OverlapError, Per, Plan, PlanInForce, PlanName, PlanNameError, PlanTerms, Price,
    PriceLine, PricePart, Quota, QuotaError, Refusal, Scope, ScopeError, Scopes, ScopesError, StatusClass,
    StatusError, TextError, Tier, TiersError, UnitPrice, UnitPriceError,
};
pub use pepper::{Pepper, PepperError};
pub use service::{IssuedKey, OnCompanyCreated, Partners, Quotas, RotatedKey, Taken};
