//! JSON bodies, refused field by field.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use comporta_kernel::RequestKey;

use crate::idempotency::HeaderKey;
use crate::{FieldError, Problem, kinds};

/// A body that dribbles in for longer is given up, so that slow clients cannot hold memory for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// The JSON body of a creating POST, with its idempotency key if one was sent.
#[derive(Debug)]
pub struct Creation<T> {
    /// What is to be made.
    pub body: T,
    /// The key, and the hash of the request it came with.
    pub key: Option<RequestKey>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_content_type(request.headers())?;
        parse_json(&read(request, state).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Creation<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_content_type(request.headers())?;
        let key = HeaderKey::from_headers(request.headers())?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let body = read(request, state).await?;
        let key = key.map(|key| key.of_request(&method, &path, &body));
        // A POST that needs no body may come without one.
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        Ok(Self { body: parse_json(text)?, key })
    }
}

/// Reads a whole JSON text, which must be an object.
///
/// # Errors
/// 400 when it is not JSON, 422 with a pointer when it is not a `T`.
pub fn parse_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    // serde would read an array as a struct's fields in their order: nobody means that.
    if text.trim_ascii_start().first() != Some(&b'{') {
        serde_json::from_slice::<serde_json::Value>(text).map_err(|error| not_json(&error))?;
        return Err(Problem::invalid_field("", "expected a JSON object"));
    }
    let mut input = serde_json::Deserializer::from_slice(text);
    let value =
        serde_path_to_error::deserialize(&mut input).map_err(|error| match error.inner().classify() {
            Category::Data => Problem::invalid(vec![describe_json("", &error)]),
            Category::Syntax | Category::Eof | Category::Io => not_json(error.inner()),
        })?;
    input.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new(&kinds::MALFORMED, format!("the body is not JSON: {error}"))
}

/// Where in a JSON text, itself at `base`, a value did not fit, and why.
#[must_use]
pub fn describe_json(base: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let text = error.inner().to_string();
    let detail = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let mut pointer = format!("{base}{}", pointer(error.path()));
    // serde tells of an unknown or missing field at its object: name the field itself.
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| detail.strip_prefix(start));
    if let Some(name) = named.and_then(|rest| rest.split('`').next()).map(escape)
        && !pointer.ends_with(&format!("/{name}"))
    {
        pointer.push('/');
        pointer.push_str(&name);
    }
    FieldError::new(pointer, in_json_words(detail))
}

/// serde's sentence with what was expected in JSON's words, not in Rust's.
fn in_json_words(detail: &str) -> String {
    let Some((given, expected)) = detail.rsplit_once("expected ") else { return detail.to_owned() };
    let plain = match expected {
        "a map" => "an object",
        "a sequence" => "an array",
        "unit" => "null",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer",
        "a nonzero u32" => "an integer from 1 to 4294967295",
        "u8" => "an integer from 0 to 255",
        "u16" => "an integer from 0 to 65535",
        "u32" => "an integer from 0 to 4294967295",
        "u64" | "usize" => "an integer, 0 or more",
        expected if expected.starts_with("struct ") => "an object",
        expected => expected,
    };
    format!("{given}expected {plain}")
}

fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => format!("{pointer}/{}", escape(key)),
        Segment::Unknown => pointer,
    })
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence =
        value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(&kinds::UNSUPPORTED_MEDIA_TYPE, "send content-type: application/json"))
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let Ok(body) = tokio::time::timeout(PATIENCE, Bytes::from_request(request, state)).await else {
        return Err(Problem::new(&kinds::REQUEST_TIMEOUT, "the body did not arrive within thirty seconds"));
    };
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(&kinds::TOO_LARGE, "the body is larger than this route takes")
        }
        _ => Problem::new(&kinds::MALFORMED, "the body could not be read to its end"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is tested")]
    struct Outer {
        name: String,
        inner: Option<Vec<Inner>>,
        amount: Option<comporta_kernel::Money>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is tested")]
    struct Inner {
        size: u8,
    }

    fn pointer_of(json: &str) -> String {
        let problem = parse_json::<Outer>(json.as_bytes()).unwrap_err();
        problem.errors().first().map_or_else(|| problem.kind().slug.to_owned(), |error| error.pointer.clone())
    }

    #[test]
    fn the_pointer_names_the_field_at_fault() {
        assert_eq!(pointer_of(r#"{"name": 1}"#), "/name");
        assert_eq!(pointer_of(r#"{"name": "a", "nmae": 1}"#), "/nmae");
        assert_eq!(pointer_of(r#"{"inner": []}"#), "/name");
        assert_eq!(pointer_of(r#"{"name": "a", "name": "b"}"#), "/name");
        assert_eq!(pointer_of(r#"{"name": "a", "inner": [{"size": 1}, {"size": 300}]}"#), "/inner/1/size");
        assert_eq!(pointer_of(r#"{"name": "a", "inner": [{"a/b": 1}]}"#), "/inner/0/a~1b");
        assert_eq!(pointer_of(r#"{"name": "a", "amount": 0.001}"#), "/amount");
        assert_eq!(pointer_of("[1]"), "");
    }

    #[test]
    fn what_was_expected_is_told_in_the_words_of_json() {
        for (json, expected) in [
            (
                r#"{"name": "a", "inner": [{"size": "1"}]}"#,
                "invalid type: string \"1\", expected an integer from 0 to 255",
            ),
            (r#"{"name": "a", "inner": [1]}"#, "invalid type: integer `1`, expected an object"),
            (r#"{"name": "a", "inner": {}}"#, "invalid type: map, expected an array"),
            (r#"{"name": 1}"#, "invalid type: integer `1`, expected a string"),
        ] {
            let problem = parse_json::<Outer>(json.as_bytes()).unwrap_err();
            assert_eq!(problem.errors()[0].detail, expected);
        }
    }

    #[test]
    fn what_is_not_json_is_malformed_not_invalid() {
        let deep = "[".repeat(10_000);
        for text in ["", "{", "{\"name\": \"a\"} x", "nul", "\u{0}", deep.as_str()] {
            let problem = parse_json::<serde_json::Value>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.kind().slug, "malformed", "{text:.20}");
        }
        assert_eq!(parse_json::<serde_json::Value>(b"\"\xff\"").unwrap_err().kind().slug, "malformed");
    }
}
