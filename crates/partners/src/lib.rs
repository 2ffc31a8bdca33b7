//! Companies, the tenants of everything, and the API keys they call with.

mod api;
mod error;
mod jobs;
mod model;
mod pepper;
mod service;
mod store;

pub use api::{
    AdminApi, CompanyOut, IssuedKeyOut, KeyOut, KeyRing, PlanOut, RotatedKeyOut, UsageAdminApi, admin_router,
    openapi, partner_router, usage_admin_router, usage_router,
};
pub use error::Error;
pub use jobs::{ForgetOldUsage, RemindOfKeys, SendKeyReminder, WarnOfQuota};
pub use model::{
    Act, Actor, Address, AddressesError, AllowedAddresses, Amount, ApiKeyText, AuditEntry, AuditFilter,
    AuditId, BurstWithoutRate, Calls, Company, CompanyChange, CompanyName, CompanyStatus, Document, Email,
    EmailError, Key, KeyChange, KeyId, KeyMode, KeyName, KeyState, ModeError, NewCompany, NewKey, NotAKey,
    Overlap, OverlapError, PepperId, PepperIdError, Per, Plan, PlanInForce, PlanName, PlanNameError,
    PlanTerms, Price, PriceLine, PricePart, Quota, QuotaError, Refusal, Scope, ScopeError, Scopes,
    ScopesError, StatusClass, StatusError, TextError, Tier, TiersError, TooManyAddresses, UnitPrice,
    UnitPriceError, UsageGroup, UsageKey, UsageRange, UsageRangeError, UsageRow,
};
pub use pepper::{Pepper, PepperError, Peppers};
pub use service::{IssuedKey, OnCompanyCreated, Partners, Quotas, RotatedKey, Taken, Usage};
