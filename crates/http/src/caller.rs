//! Who calls, and the scope a handler cannot forget to ask for.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use comporta_kernel::CompanyId;

use crate::{Problem, kinds};

/// The company and key a request was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The company whose data it may see.
    pub company_id: CompanyId,
    /// Who acted, for audit: a key's id.
    pub actor: Arc<str>,
    /// Whether this is real business: a live key, not one for trying things out.
    pub live: bool,
    /// What it may do.
    pub scopes: Arc<[String]>,
}

impl Principal {
    /// Whether it holds a scope.
    #[must_use]
    pub fn holds(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}

/// Whoever calls, whatever it may do: for what every caller may see of itself. Without a principal it is 401.
#[derive(Debug)]
pub struct AnyCaller(pub Arc<Principal>);

/// A scope as a type, so that a handler's signature says what it asks for.
pub trait Scope: Send + Sync {
    /// Its name, such as `ledger:read`.
    const NAME: &'static str;
}

/// A caller who holds the scope `S`. Without a principal it is 401, without the scope 403.
#[derive(Debug)]
pub struct Caller<S> {
    principal: Arc<Principal>,
    scope: PhantomData<S>,
}

impl<S> Caller<S> {
    /// The company whose data may be seen.
    #[must_use]
    pub fn company(&self) -> CompanyId {
        self.principal.company_id
    }

    /// Who acted, for audit.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.principal.actor
    }
}

impl<State: Sync> FromRequestParts<State> for AnyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Arc<Principal>>().map(Arc::clone);
        principal
            .map(Self)
            .ok_or_else(|| Problem::new(&kinds::UNAUTHENTICATED, "send an API key in x-api-key"))
    }
}

impl<S: Scope, State: Sync> FromRequestParts<State> for Caller<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let AnyCaller(principal) = AnyCaller::from_request_parts(parts, state).await?;
        if !principal.holds(S::NAME) {
            return Err(Problem::new(&kinds::FORBIDDEN, format!("this needs the scope {}", S::NAME)));
        }
        Ok(Self { principal, scope: PhantomData })
    }
}
