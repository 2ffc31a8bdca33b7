//! Entity tags and the conditions made of them (RFC 9110 sections 8.8.3 and 13.1).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use comporta_http::{Problem, kinds};

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

/// A book with its tag.
pub(super) fn tagged(book: &Book) -> Response {
    ([(header::ETAG, etag(book.version))], axum::Json(BookOut::from(book))).into_response()
}

/// The versions that `if-match` allows a change of. A weak tag never matches.
#[derive(Debug)]
pub(super) struct IfMatch(pub(super) Expected);

/// The versions that the caller has already, by `if-none-match`.
#[derive(Debug)]
pub(super) struct IfNoneMatch(Option<Tags>);

impl IfNoneMatch {
    /// The book with its tag, or 304 and the tag alone for a caller who has it already.
    pub(super) fn answer(&self, book: &Book) -> Response {
        let tag = tag_text(book.version);
        let has_it = match &self.0 {
            None => false,
            Some(Tags::Any) => true,
            Some(Tags::Listed(tags)) => tags.iter().any(|(_, held)| *held == tag),
        };
        if has_it {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag(book.version))]).into_response();
        }
        tagged(book)
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(match tags(&parts.headers, &header::IF_MATCH)? {
            None | Some(Tags::Any) => Expected::Any,
            Some(Tags::Listed(tags)) => {
                let strong = tags.iter().filter(|(weak, _)| !weak);
                Expected::OneOf(strong.filter_map(|(_, tag)| version(tag)).collect())
            }
        }))
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        tags(&parts.headers, &header::IF_NONE_MATCH).map(Self)
    }
}

/// The version that one of our own tags stands for.
fn version(tag: &str) -> Option<Version> {
    let version = Version::new(tag.trim_matches('"').parse().ok()?);
    (tag_text(version) == tag).then_some(version)
}

#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    /// Whether each is weak, and the tag in its quotes.
    Listed(Vec<(bool, String)>),
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let mut all = Vec::new();
    for value in headers.get_all(name) {
        match value.to_str().ok().and_then(read) {
            Some(Tags::Any) => return Ok(Some(Tags::Any)),
            Some(Tags::Listed(tags)) => all.extend(tags),
            None => {
                let detail = format!("{name}: expected * or entity tags in double quotes, such as \"3\"");
                return Err(Problem::new(&kinds::MALFORMED, detail));
            }
        }
    }
    Ok(if headers.contains_key(name) { Some(Tags::Listed(all)) } else { None })
}

fn read(text: &str) -> Option<Tags> {
    let mut rest = text.trim();
    if rest == "*" {
        return Some(Tags::Any);
    }
    let mut tags = Vec::new();
    while !rest.is_empty() {
        let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
        // A comma or a space may stand within the quotes, so the closing quote is what ends a tag.
        let (inside, after) = quoted.strip_prefix('"')?.split_once('"')?;
        tags.push((weak, format!("\"{inside}\"")));
        rest = after.trim_start();
        rest = if rest.is_empty() { rest } else { rest.strip_prefix(',')?.trim_start() };
    }
    if tags.is_empty() { None } else { Some(Tags::Listed(tags)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(tags: &[(bool, &str)]) -> Option<Tags> {
        Some(Tags::Listed(tags.iter().map(|(weak, tag)| (*weak, (*tag).to_owned())).collect()))
    }

    #[test]
    fn tags_are_read_with_their_quotes_and_weakness() {
        assert_eq!(read("*"), Some(Tags::Any));
        assert_eq!(read("\"1\""), listed(&[(false, "\"1\"")]));
        assert_eq!(
            read(" \"1\" ,W/\"2\", \"a,b\""),
            listed(&[(false, "\"1\""), (true, "\"2\""), (false, "\"a,b\"")])
        );
        for wrong in ["", "1", "\"1", "\"1\" \"2\"", "w/\"1\"", "*, \"1\"", ",\"1\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_our_own_spelling_of_a_version_is_one() {
        assert_eq!(version("\"12\""), Some(Version::new(12)));
        for wrong in ["\"012\"", "\"+1\"", "\"\"", "\"x\"", "\"99999999999999999999\""] {
            assert_eq!(version(wrong), None, "{wrong}");
        }
    }
}
