//! The rules of companies and of their keys.

mod addresses;
mod audit;
mod company;
mod invoice;
mod key;
mod key_text;
mod lease;
mod logged_request;
mod overlap;
mod pepper_id;
mod plan;
mod price;
mod quota;
mod scopes;
mod text;
mod usage;

pub use addresses::{AddressesError, AllowedAddresses, TooManyAddresses};
pub use audit::{Act, Actor, AuditEntry, AuditFilter, AuditId};
pub(crate) use company::Standing;
pub use company::{Company, CompanyChange, CompanyStatus, NewCompany, StatusError};
pub(crate) use invoice::{Account, Billed, Draft};
pub use invoice::{
    Invoice, InvoiceFilter, InvoiceId, InvoiceLine, InvoiceStatus, InvoiceStatusError, InvoiceWithLines,
    Party,
};
pub(crate) use key::{Changes, Digest, Holding, Rehash, Rotation, Use};
pub use key::{Key, KeyChange, KeyId, KeyMode, KeyState, ModeError, NewKey, Refusal};
pub use key_text::{ApiKeyText, NotAKey};
pub(crate) use lease::{Ask, Grant, LeaseTally, PeriodTally};
pub use logged_request::{
    BodyDetails, Details, LoggedRequest, LoggedRequestId, MessageDetails, Search, StageTimings, StatusFilter,
    StatusFilterError, TraceId, TraceIdError, Whose,
};
pub use overlap::{Overlap, OverlapError};
pub use pepper_id::{PepperId, PepperIdError};
pub use plan::{BurstWithoutRate, Plan, PlanInForce, PlanName, PlanNameError, PlanTerms};
pub use price::{
    Calls, Price, PriceLine, PricePart, StatusClass, Tier, TiersError, UnitPrice, UnitPriceError,
};
pub use quota::{Per, Quota, QuotaError, QuotasInUse};
pub(crate) use quota::{Period, PeriodInUse};
pub use scopes::{Scope, ScopeError, Scopes, ScopesError};
pub use text::{Address, CompanyName, Document, Email, EmailError, KeyName, TextError};
pub(crate) use usage::{Addition, CountedSegment, Served, UsageQuery, additions};
pub use usage::{Amount, UsageGroup, UsageKey, UsageRange, UsageRangeError, UsageRow};

/// Text that stands for a value in JSON: read by `FromStr`, written by `Display`.
macro_rules! json_text {
    ($($name:ty),+) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(input)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}
use json_text;
