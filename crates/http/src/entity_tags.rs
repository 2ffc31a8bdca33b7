//! Entity tags and the conditions made of them (RFC 9110 sections 8.8.3 and 13.1).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};

use crate::{Problem, kinds};

/// What a condition names.
#[derive(Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`
    Any,
    /// Whether each is weak, and the tag in its quotes.
    Listed(Vec<(bool, String)>),
}

/// What the caller has already, by `if-none-match`.
#[derive(Debug)]
pub struct IfNoneMatch(Option<EntityTags>);

impl EntityTags {
    /// What a header names; `None` without it.
    ///
    /// # Errors
    /// A 400 problem when it is not of its form.
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut all = Vec::new();
        for value in headers.get_all(name) {
            match value.to_str().ok().and_then(read) {
                Some(Self::Any) => return Ok(Some(Self::Any)),
                Some(Self::Listed(tags)) => all.extend(tags),
                None => {
                    let detail = format!("{name}: expected * or entity tags in double quotes, such as \"3\"");
                    return Err(Problem::new(&kinds::MALFORMED, detail));
                }
            }
        }
        Ok(headers.contains_key(name).then_some(Self::Listed(all)))
    }
}

impl IfNoneMatch {
    /// Whether the caller has what this tag, in its quotes, stands for: then the answer is a 304. Weak tags count too.
    #[must_use]
    pub fn names(&self, tag: &str) -> bool {
        match &self.0 {
            None => false,
            Some(EntityTags::Any) => true,
            Some(EntityTags::Listed(tags)) => tags.iter().any(|(_, held)| held == tag),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        EntityTags::of(&parts.headers, &header::IF_NONE_MATCH).map(Self)
    }
}

fn read(text: &str) -> Option<EntityTags> {
    let mut rest = text.trim();
    if rest == "*" {
        return Some(EntityTags::Any);
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
    if tags.is_empty() { None } else { Some(EntityTags::Listed(tags)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(tags: &[(bool, &str)]) -> Option<EntityTags> {
        Some(EntityTags::Listed(tags.iter().map(|(weak, tag)| (*weak, (*tag).to_owned())).collect()))
    }

    #[test]
    fn tags_are_read_with_their_quotes_and_weakness() {
        assert_eq!(read("*"), Some(EntityTags::Any));
        assert_eq!(read("\"1\""), listed(&[(false, "\"1\"")]));
        assert_eq!(
            read(" \"1\" ,W/\"2\", \"a,b\""),
            listed(&[(false, "\"1\""), (true, "\"2\""), (false, "\"a,b\"")])
        );
        for wrong in ["", "1", "\"1", "\"1\" \"2\"", "w/\"1\"", "*, \"1\"", ",\"1\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
