//! The capability on behalf of who calls.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use comporta_http::{Problem, RequestId, kinds};

use crate::{Actor, Partners};

/// The service acting for whom the check in front has found: an act cannot be done without saying whose it is.
#[derive(Debug)]
pub(crate) struct Acting(pub(crate) Partners);

impl<S: Sync> FromRequestParts<S> for Acting
where
    Partners: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let actor = parts.extensions.get::<Actor>().cloned();
        let actor = actor.ok_or_else(|| Problem::new(&kinds::UNAUTHENTICATED, "nobody is known to act"))?;
        Ok(Self(Partners::from_ref(state).acting(match parts.extensions.get::<RequestId>() {
            Some(id) => actor.in_request(id.as_str()),
            None => actor,
        })))
    }
}
