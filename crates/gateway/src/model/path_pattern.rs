//! Patterns of paths: `/v1/books`, `/v1/books/{id}`, `/v1/books/**`.
//!
//! A pattern is read against a path as [`normalise`] gives it, which is also the path that an upstream sees:
//! - a word matches a segment that decodes to the same text; upper and lower case differ;
//! - `{name}` matches one segment that is not empty and keeps it, still encoded, under its name;
//! - `**` matches what is left, were it nothing, and keeps it, still encoded, as `rest`;
//! - a `/` at the end of a path is ignored, because most servers ignore it; only `rest` keeps it.
//!
//! Of two patterns that match, the more specific wins: segment by segment a word stands before `{name}`, and
//! `{name}` before `**`; a pattern that ends where the other goes on with `**` stands before it.

mod normalise;

use std::str::FromStr;

pub(crate) use normalise::{PathFault, decoded, normalise};

/// How many segments a pattern may keep.
const MAX_CAPTURES: usize = 8;

/// How many segments a pattern may have: a search goes one call deeper with each.
const MAX_SEGMENTS: usize = 64;

/// The name under which `**` keeps what it matches.
const REST: &str = "rest";

/// A pattern of paths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PathPattern {
    segments: Vec<Segment>,
}

/// A part of a pattern.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Segment {
    /// A word, decoded.
    Literal(Box<str>),
    /// Any one segment, kept under this name.
    Capture(Box<str>),
    /// Everything that is left.
    Rest,
}

impl PathPattern {
    /// The parts, from the root on.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Where what is kept under a name stands in [`Captures`].
    pub(crate) fn slot(&self, name: &str) -> Option<usize> {
        self.names().position(|kept| kept == name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Capture(name) => Some(&**name),
            Segment::Rest => Some(REST),
        })
    }
}

/// Why a text is no pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PatternFault {
    #[error("expected a path that begins with /")]
    NotAbsolute,
    #[error("expected no / at the end: it is ignored, in patterns as in paths")]
    TrailingSlash,
    #[error("expected no empty segment: // in a path counts as /")]
    EmptySegment,
    #[error("expected no segment `{0}`: paths are resolved before they are matched")]
    DotSegment(String),
    #[error("expected `{{name}}` to be a whole segment, found `{0}`")]
    PartOfSegment(String),
    #[error("expected a name of up to 32 letters, digits and _, not a digit first, in `{{{0}}}`")]
    Name(String),
    #[error("expected another name than `{{rest}}`, which stands for what ** matches")]
    RestIsTaken,
    #[error("expected each name once, found `{{{0}}}` twice")]
    NameTwice(String),
    #[error("expected * only as ** in the last segment")]
    Star,
    #[error("expected at most {MAX_CAPTURES} names, ** among them")]
    ManyNames,
    #[error("expected at most {MAX_SEGMENTS} segments")]
    ManySegments,
    #[error("expected a path without query: leave out what follows ? or #")]
    Query,
    #[error("no path can match `{segment}`: {fault}")]
    Literal { segment: String, fault: PathFault },
}

impl FromStr for PathPattern {
    type Err = PatternFault;

    fn from_str(text: &str) -> Result<Self, PatternFault> {
        let path = text.strip_prefix('/').ok_or(PatternFault::NotAbsolute)?;
        if path.is_empty() {
            return Ok(Self { segments: Vec::new() });
        }
        if text.contains(['?', '#']) {
            return Err(PatternFault::Query);
        }
        if path.ends_with('/') {
            return Err(PatternFault::TrailingSlash);
        }
        let mut segments = Vec::new();
        for segment in path.split('/') {
            if segments.last() == Some(&Segment::Rest) {
                return Err(PatternFault::Star);
            }
            segments.push(segment_of(segment)?);
        }
        let pattern = Self { segments };
        pattern.check()?;
        Ok(pattern)
    }
}

impl PathPattern {
    fn check(&self) -> Result<(), PatternFault> {
        if self.segments.len() > MAX_SEGMENTS {
            return Err(PatternFault::ManySegments);
        }
        if self.names().count() > MAX_CAPTURES {
            return Err(PatternFault::ManyNames);
        }
        match self.names().enumerate().find(|&(place, name)| self.slot(name) != Some(place)) {
            Some((_, name)) => Err(PatternFault::NameTwice(name.to_owned())),
            None => Ok(()),
        }
    }
}

fn segment_of(text: &str) -> Result<Segment, PatternFault> {
    if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return capture_of(name);
    }
    match text {
        "" => Err(PatternFault::EmptySegment),
        "**" => Ok(Segment::Rest),
        _ if text.contains('*') => Err(PatternFault::Star),
        _ if text.contains(['{', '}']) => Err(PatternFault::PartOfSegment(text.to_owned())),
        _ => literal_of(text),
    }
}

fn capture_of(name: &str) -> Result<Segment, PatternFault> {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let goes_on = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match name {
        REST => Err(PatternFault::RestIsTaken),
        _ if begins && goes_on && name.len() <= 32 => Ok(Segment::Capture(name.into())),
        _ => Err(PatternFault::Name(name.to_owned())),
    }
}

fn literal_of(text: &str) -> Result<Segment, PatternFault> {
    let fault = |fault| PatternFault::Literal { segment: text.to_owned(), fault };
    match normalise(&format!("/{text}")) {
        // A dot segment is the only one that normalising takes away, or climbs with.
        Ok(path) if path == "/" => Err(PatternFault::DotSegment(text.to_owned())),
        Err(PathFault::AboveRoot) => Err(PatternFault::DotSegment(text.to_owned())),
        Ok(path) => Ok(Segment::Literal(decoded(path.trim_start_matches('/')).into())),
        Err(found) => Err(fault(found)),
    }
}

/// What a pattern kept of a path: places in it, in the order of the pattern's names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Captures {
    ranges: [(u32, u32); MAX_CAPTURES],
    len: usize,
}

impl Captures {
    /// What was kept, of the path that was matched; nothing for a slot that the pattern does not have.
    pub(crate) fn get<'p>(&self, path: &'p str, slot: usize) -> &'p str {
        let range = self.ranges[..self.len].get(slot);
        range.and_then(|&(from, to)| path.get(from as usize..to as usize)).unwrap_or_default()
    }

    pub(super) fn push(&mut self, from: usize, to: usize) {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        if let Some(range) = self.ranges.get_mut(self.len) {
            *range = (place(from), place(to));
            self.len += 1;
        }
    }

    pub(super) fn pop(&mut self) {
        self.len = self.len.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(text: &str) -> PatternFault {
        text.parse::<PathPattern>().unwrap_err()
    }

    #[test]
    fn a_pattern_knows_the_names_that_it_keeps_in_their_order() {
        let pattern: PathPattern = "/v1/{company}/books/{id}/**".parse().unwrap();
        assert_eq!(pattern.slot("company"), Some(0));
        assert_eq!(pattern.slot("id"), Some(1));
        assert_eq!(pattern.slot("rest"), Some(2));
        assert_eq!(pattern.slot("books"), None);
        assert_eq!("/".parse::<PathPattern>().unwrap().segments(), []);
    }

    #[test]
    fn a_word_is_kept_as_a_server_decodes_it() {
        let spelled: PathPattern = "/livros/t%c3%adtulo".parse().unwrap();
        assert_eq!(spelled, "/livros/título".parse().unwrap());
        assert_eq!(spelled.segments()[1], Segment::Literal("título".into()));
    }

    #[test]
    fn each_mistake_is_told_for_what_it_is() {
        assert_eq!(fault("v1"), PatternFault::NotAbsolute);
        assert_eq!(fault(""), PatternFault::NotAbsolute);
        assert_eq!(fault("/v1/"), PatternFault::TrailingSlash);
        assert_eq!(fault("//v1"), PatternFault::EmptySegment);
        assert_eq!(fault("/v1/../x"), PatternFault::DotSegment("..".to_owned()));
        assert_eq!(fault("/v1/%2e/x"), PatternFault::DotSegment("%2e".to_owned()));
        assert_eq!(fault("/v1/book-{id}"), PatternFault::PartOfSegment("book-{id}".to_owned()));
        assert_eq!(fault("/v1/{}"), PatternFault::Name(String::new()));
        assert_eq!(fault("/v1/{1st}"), PatternFault::Name("1st".to_owned()));
        assert_eq!(fault("/v1/{rest}"), PatternFault::RestIsTaken);
        assert_eq!(fault("/{id}/{id}"), PatternFault::NameTwice("id".to_owned()));
        assert_eq!(fault("/**/x"), PatternFault::Star);
        assert_eq!(fault("/v1/*"), PatternFault::Star);
        assert_eq!(fault("/a/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/**"), PatternFault::ManyNames);
        assert_eq!(fault(&"/a".repeat(65)), PatternFault::ManySegments);
        assert_eq!(fault("/v1?x=1"), PatternFault::Query);
        assert_eq!(
            fault("/v1;x").to_string(),
            "no path can match `v1;x`: the path holds a semicolon, after which servers disagree"
        );
        assert_eq!(
            fault("/{1}").to_string(),
            "expected a name of up to 32 letters, digits and _, not a digit first, in `{1}`"
        );
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_reader_of_patterns(text in "[/{}*%.;a-c0-2é\\\\]{0,24}") {
            if let Ok(pattern) = text.parse::<PathPattern>() {
                prop_assert!(pattern.segments().len() <= MAX_SEGMENTS);
            }
        }
    }
}
