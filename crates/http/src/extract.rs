//! Path and query parameters, refused as problems.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{Problem, kinds};

/// The variable parts of the path. One that is not of its type names nothing: 404.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// The query string as a struct. What does not fit, unknown names too if `T` denies them, is 422.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::new(&kinds::NOT_FOUND, "the path names nothing here")),
        }
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let input = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(input).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let name = if path == "." || path == "?" { String::new() } else { path };
            Problem::invalid_field(format!("?{name}"), error.inner())
        })
    }
}
