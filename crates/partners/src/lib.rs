//! Companies, the tenants of everything, and the API keys they call with.

mod api;
mod error;
mod jobs;
mod model;
mod pepper;
mod service;
mod store;

pub use api::{
    AdminApi, CompanyOut, IssuedKeyOut, KeyOut, KeyRing, RotatedKeyOut, admin_router, openapi,
    partner_router, request_log_admin_router, request_log_router,
};
pub use error::Error;
pub use jobs::KeepRequestLog;
pub use model::{
    Address, ApiKeyText, BodyDetails, Company, CompanyChange, CompanyName, CompanyStatus, Details, Document,
    Email, EmailError, Key, KeyId, KeyMode, KeyName, KeyState, LoggedRequest, LoggedRequestId,
    MessageDetails, ModeError, NewCompany, NewKey, NotAKey, Overlap, OverlapError, Refusal, Scope,
    ScopeError, Scopes, ScopesError, Search, StageTimings, StatusError, StatusFilter, StatusFilterError,
    TextError, TraceId, TraceIdError, Whose,
};
pub use pepper::{Pepper, PepperError};
pub use service::{IssuedKey, OnCompanyCreated, Partners, RequestLog, Retention, RotatedKey};
