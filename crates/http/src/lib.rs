//! What every HTTP API of Comporta shares. Knows no capability.

mod body;
mod caller;
mod entity_tags;
mod extract;
mod idempotency;
mod page;
mod problem;
mod request_id;
mod store;

pub use axum::http::StatusCode;
pub use body::{Creation, Json, describe_json, parse_json};
pub use caller::{AnyCaller, Caller, Principal, Scope};
pub use comporta_kernel::RequestKey;
pub use entity_tags::{EntityTags, IfNoneMatch};
pub use extract::{Path, Query};
pub use idempotency::{Idempotency, IdempotencyError, Remembered, StreamedKey};
pub use page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, Page, page_limit};
pub use problem::{
    API_KEY_CHALLENGE, FieldError, Kind, PROBLEM_JSON, Problem, ProblemBody, kinds, render_problems,
};
pub use request_id::{NewRequestId, RequestId, X_REQUEST_ID, assign_request_id, is_well_formed_request_id};
