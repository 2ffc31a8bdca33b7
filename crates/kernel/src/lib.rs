//! The pure words of Comporta: clock, randomness, ids, money and business dates. No I/O, no async.

mod business_date;
mod causes;
mod clock;
mod currency;
mod email;
mod id;
mod money;
mod network;
mod quantity;
mod rate;
mod request_key;
mod rng;
mod secret;
mod span;
mod zone;

pub use business_date::{BusinessDate, DateError, Month};
pub use causes::Causes;
pub use clock::{Clock, ManualClock};
pub use currency::{Currency, CurrencyError};
pub use email::is_email;
pub use id::{CompanyId, IdError, IdSource, TypedId};
pub use jiff::Timestamp;
pub use money::{Money, MoneyError, Total};
pub use network::Network;
pub use quantity::{ByteSize, Interval, ValueError};
pub use rate::Rate;
pub use request_key::RequestKey;
pub use rng::Rng;
pub use secret::Secret;
pub use span::{OpenSpan, Span, SpanContext, SpanKind, SpanSink, SpanValue, Spans};
pub use uuid::Uuid;
pub use zone::{Zone, ZoneError};

#[doc(hidden)]
pub use id::{LENGTH as __ID_LENGTH, decode as __decode, encode as __encode};
