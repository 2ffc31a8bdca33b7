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
        // No text in the database has it, and PostgreSQL cannot even be asked.
        if parts.uri.path().contains("%00") {
            return Err(Problem::new(&kinds::NOT_FOUND, "the path names nothing here"));
        }
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
        if let Some((name, _)) =
            form_urlencoded::parse(query.as_bytes()).find(|(_, value)| value.contains('\0'))
        {
            return Err(Problem::invalid_field(
                format!("?{name}"),
                "expected text without the character NUL",
            ));
        }
        let input = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(input).map(Self).map_err(|error| {
            let (path, detail) = (error.path().to_string(), error.inner().to_string());
            let doubled = detail.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next());
            let name = match path.as_str() {
                "." | "?" => doubled.unwrap_or_default(),
                path => path,
            };
            Problem::invalid_field(format!("?{name}"), in_query_words(&detail))
        })
    }
}

/// What Rust says of text that is no number, in words for callers.
fn in_query_words(detail: &str) -> &str {
    match detail {
        "invalid digit found in string"
        | "cannot parse integer from empty string"
        | "number too large to fit in target type"
        | "number too small to fit in target type" => "expected a whole number in its range",
        detail => detail,
    }
}
