//! A request as the request log keeps it, and how it is searched for.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{CompanyId, Timestamp, Uuid, define_id};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

define_id!(
    /// A row of the request log.
    LoggedRequestId,
    "log"
);

/// A request as it is kept. Whoever makes it has redacted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The row's own id.
    pub id: LoggedRequestId,
    /// When the request began.
    pub at: Timestamp,
    /// Whose it was; `None` for a caller who was not known.
    pub company_id: Option<CompanyId>,
    /// The id of the key, or the subject of the token.
    pub key_id: Option<String>,
    /// Its id, which its caller may have chosen.
    pub request_id: String,
    /// The trace it belonged to.
    pub trace_id: TraceId,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its query.
    pub query: Option<String>,
    /// The route that took it.
    pub route: Option<String>,
    /// What was answered.
    pub status: u16,
    /// The answer did not reach its end.
    pub broken_off: bool,
    /// It is here by chance, and not for an error.
    pub sampled: bool,
    /// The kind of problem that was answered.
    pub problem: Option<String>,
    /// The target that answered.
    pub target: Option<String>,
    /// The caller's address.
    pub client: String,
    /// Bytes of its body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// What took how long.
    pub timings: StageTimings,
    /// Headers and bodies.
    pub details: Details,
}

/// What took how long, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct StageTimings {
    /// Waiting for somebody else to say who calls; 0 where that was known here.
    pub who: u64,
    /// Waiting for the count of a limit that gateways share; 0 where it was counted here.
    pub limit: u64,
    /// Until the request went on to its upstream, both of the above included; null if it did not.
    pub before: Option<u64>,
    /// From then to the head of the answer.
    pub upstream: Option<u64>,
    /// From then to the end of the answer.
    pub body: Option<u64>,
    /// From the first to the last.
    pub total: u64,
}

/// Headers and bodies of a logged request, redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Details {
    /// What was sent.
    pub request: MessageDetails,
    /// What was answered.
    pub response: MessageDetails,
}

/// What is kept of a message: headers that are known to be harmless, and a body only where the route asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageDetails {
    /// Names and values.
    #[schema(example = json!([["user-agent", "curl/8.9.1"]]))]
    pub headers: Vec<(String, String)>,
    /// The body: JSON, masked.
    #[serde(default)]
    pub body: Option<BodyDetails>,
}

/// A body, or its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LoggedBody)]
pub struct BodyDetails {
    /// JSON, written anew; of a body that was cut, the beginning of that.
    pub text: String,
    /// The text was longer.
    pub cut: bool,
}

/// The id of a trace: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(pub [u8; 16]);

/// Text that is no trace's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 lower-case hexadecimal digits")]
pub struct TraceIdError;

/// One status, or all that begin with one digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusFilter {
    /// From this one.
    pub(crate) from: u16,
    /// Up to this one.
    pub(crate) to: u16,
}

/// Text that names no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a status such as 404, or a class such as 4xx")]
pub struct StatusFilterError;

/// Whose requests are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One company's.
    Company(CompanyId),
    /// Those of callers who were not known.
    Nobody,
    /// All.
    Anybody,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Whose requests.
    pub whose: Whose,
    /// Those that began at this instant or later.
    pub from: Option<Timestamp>,
    /// Those that began before this instant.
    pub to: Option<Timestamp>,
    /// Those that were answered so.
    pub status: Option<StatusFilter>,
    /// Those that this route took.
    pub route: Option<String>,
    /// Those of this trace.
    pub trace_id: Option<TraceId>,
    /// Those with this id.
    pub request_id: Option<String>,
    /// Those after this one, on from the newest.
    pub after: Option<(Timestamp, LoggedRequestId)>,
}

impl Search {
    /// Everything there is of somebody's.
    #[must_use]
    pub const fn of(whose: Whose) -> Self {
        Self {
            whose,
            from: None,
            to: None,
            status: None,
            route: None,
            trace_id: None,
            request_id: None,
            after: None,
        }
    }
}

impl TraceId {
    pub(crate) fn uuid(self) -> Uuid {
        Uuid::from_bytes(self.0)
    }
}

impl FromStr for TraceId {
    type Err = TraceIdError;

    fn from_str(text: &str) -> Result<Self, TraceIdError> {
        let mut bytes = [0; 16];
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        hex::decode_to_slice(text, &mut bytes)
            .ok()
            .filter(|()| is_lower)
            .map(|()| Self(bytes))
            .ok_or(TraceIdError)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for StatusFilter {
    type Err = StatusFilterError;

    fn from_str(text: &str) -> Result<Self, StatusFilterError> {
        let bytes = text.as_bytes();
        let [class @ b'1'..=b'5', rest @ ..] = bytes else { return Err(StatusFilterError) };
        let first = u16::from(class - b'0') * 100;
        match rest {
            b"xx" | b"XX" => Ok(Self { from: first, to: first + 99 }),
            [b'0'..=b'9', b'0'..=b'9'] => {
                let status = text.parse().map_err(|_| StatusFilterError)?;
                Ok(Self { from: status, to: status })
            }
            _ => Err(StatusFilterError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_or_its_class_is_read_and_nothing_else() {
        let read = |text: &str| text.parse::<StatusFilter>().ok().map(|filter| (filter.from, filter.to));
        assert_eq!(
            (read("404"), read("4xx"), read("5XX")),
            (Some((404, 404)), Some((400, 499)), Some((500, 599)))
        );
        for wrong in ["", "4", "40", "4x", "4xX", "600", "0xx", "4040", "+40", "abc", "4é"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_trace_id_has_one_spelling() {
        let text = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(text.parse::<TraceId>().unwrap().to_string(), text);
        for wrong in ["", "4bf9", &text.to_uppercase(), "4bf92f3577b34da6a3ce929d0e0e473g"] {
            assert_eq!(wrong.parse::<TraceId>(), Err(TraceIdError));
        }
    }
}
