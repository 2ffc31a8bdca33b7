//! Books' entity tags, and the conditions made of them (RFC 9110 sections 8.8.3 and 13.1).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use comporta_http::{EntityTags, IfNoneMatch, Problem};

use super::wire::BookOut;
use crate::{Book, Expected, Version};

/// The strong tag of a version. A book has one representation and its id is never given again, so the version
/// alone tells its states apart.
pub(super) fn etag(version: Version) -> HeaderValue {
    // ASCII by construction.
    HeaderValue::try_from(tag_text(version)).unwrap_or(HeaderValue::from_static("\"\""))
}

fn tag_text(version: Version) -> String {
    format!("\"{}\"", version.number())
}

/// The book with its tag, or 304 and the tag alone for a caller who has it already.
pub(super) fn unless_held(held: &IfNoneMatch, book: &Book) -> Response {
    if held.names(&tag_text(book.version)) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag(book.version))]).into_response();
    }
    tagged(book)
}

/// A book with its tag.
pub(super) fn tagged(book: &Book) -> Response {
    ([(header::ETAG, etag(book.version))], axum::Json(BookOut::from(book))).into_response()
}

/// The versions that `if-match` allows a change of. A weak tag never matches.
#[derive(Debug)]
pub(super) struct IfMatch(pub(super) Expected);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(match EntityTags::of(&parts.headers, &header::IF_MATCH)? {
            None | Some(EntityTags::Any) => Expected::Any,
            Some(EntityTags::Listed(tags)) => {
                let strong = tags.iter().filter(|(weak, _)| !weak);
                Expected::OneOf(strong.filter_map(|(_, tag)| version(tag)).collect())
            }
        }))
    }
}

/// The version that one of our own tags stands for.
fn version(tag: &str) -> Option<Version> {
    let version = Version::new(tag.trim_matches('"').parse().ok()?);
    (tag_text(version) == tag).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_spelling_of_a_version_is_one() {
        assert_eq!(version("\"12\""), Some(Version::new(12)));
        for wrong in ["\"012\"", "\"+1\"", "\"\"", "\"x\"", "\"99999999999999999999\""] {
            assert_eq!(version(wrong), None, "{wrong}");
        }
    }
}
