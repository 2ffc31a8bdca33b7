//! A path, or a whole URL, with `{name}` for what a pattern kept.

use std::borrow::Cow;

use http::Uri;

use super::super::path_pattern::{Captures, PathFault, PathPattern, normalise};

/// A place with names to fill in. Names stand only in its path: what a caller writes never becomes a host or a query.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// `https://host`, or nothing.
    origin: Box<str>,
    path: Vec<Part>,
    /// A query of its own.
    query: Option<Box<str>>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<str>),
    Slot(usize),
}

/// Why a text is no template.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum TemplateFault {
    #[error("expected a path that begins with /")]
    NotAPath,
    #[error("expected a path that begins with /, or a URL such as https://example.com/{{rest}}")]
    NotAPlace,
    #[error("expected no query: the one that came is kept")]
    Query,
    #[error("expected no fragment: leave out what follows #")]
    Fragment,
    #[error("expected names only in the path")]
    NameOutsidePath,
    #[error("expected each {{ to be closed by a }}")]
    Unbalanced,
    #[error("the route's path does not keep `{{{0}}}`")]
    UnknownName(String),
    #[error("expected a path: {0}")]
    Path(PathFault),
}

impl Template {
    /// A path.
    pub(super) fn path(text: &str, pattern: &PathPattern) -> Result<Self, TemplateFault> {
        if !text.starts_with('/') {
            return Err(TemplateFault::NotAPath);
        }
        if text.contains('?') {
            return Err(TemplateFault::Query);
        }
        Self::place(text, pattern)
    }

    /// A path or a URL, and maybe a query to which the one that comes is added.
    pub(super) fn place(text: &str, pattern: &PathPattern) -> Result<Self, TemplateFault> {
        if text.contains('#') {
            return Err(TemplateFault::Fragment);
        }
        let (text, query) = match text.split_once('?') {
            Some((text, query)) => (text, Some(query)),
            None => (text, None),
        };
        let (origin, path) = origin_of(text)?;
        if origin.contains(['{', '}']) || query.is_some_and(|query| query.contains(['{', '}'])) {
            return Err(TemplateFault::NameOutsidePath);
        }
        let checked: Uri = format!("{origin}/?{}", query.unwrap_or_default())
            .parse()
            .map_err(|_| TemplateFault::NotAPlace)?;
        if !origin.is_empty() && checked.authority().is_none_or(|authority| authority.as_str().contains('@'))
        {
            return Err(TemplateFault::NotAPlace);
        }
        Ok(Self { origin: origin.into(), path: parts_of(path, pattern)?, query: query.map(Into::into) })
    }

    /// The place for a path that the pattern matched, and the query that came with it.
    pub(super) fn fill(
        &self,
        path: &str,
        captures: &Captures,
        query: Option<&str>,
    ) -> Result<String, PathFault> {
        let mut target = String::with_capacity(path.len() + 64);
        for part in &self.path {
            target.push_str(match part {
                Part::Text(text) => text,
                Part::Slot(slot) => captures.get(path, *slot),
            });
        }
        // Text and what was kept may meet in `//`, or in a segment of dots.
        if let Cow::Owned(normal) = normalise(&target)? {
            target = normal;
        }
        target.insert_str(0, &self.origin);
        let queries = [self.query.as_deref(), query].into_iter().flatten().filter(|query| !query.is_empty());
        for (query, separator) in queries.zip(['?', '&']) {
            target.push(separator);
            target.push_str(query);
        }
        Ok(target)
    }
}

/// Takes a URL apart; a bare path has no origin.
fn origin_of(text: &str) -> Result<(&str, &str), TemplateFault> {
    if text.starts_with('/') {
        return Ok(("", text));
    }
    let host = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme)).map(str::len);
    let host = host.ok_or(TemplateFault::NotAPlace)?;
    let end = text[host..].find('/').map_or(text.len(), |slash| host + slash);
    let path = if end == text.len() { "/" } else { &text[end..] };
    Ok((&text[..end], path))
}

fn parts_of(path: &str, pattern: &PathPattern) -> Result<Vec<Part>, TemplateFault> {
    let mut parts = Vec::new();
    let mut left = path;
    while let Some(open) = left.find(['{', '}']) {
        let (text, name) = left.split_at(open);
        let name = name.strip_prefix('{').ok_or(TemplateFault::Unbalanced)?;
        let (name, after) = name.split_once('}').ok_or(TemplateFault::Unbalanced)?;
        let slot = pattern.slot(name).ok_or_else(|| TemplateFault::UnknownName(name.to_owned()))?;
        parts.push(Part::Text(text.into()));
        parts.push(Part::Slot(slot));
        left = after;
    }
    parts.push(Part::Text(left.into()));
    check_texts(&parts)?;
    Ok(parts)
}

/// What the operator wrote must be a path by itself: whole escapes, nothing that is refused in a caller's path.
fn check_texts(parts: &[Part]) -> Result<(), TemplateFault> {
    let text = |part: &Part| match part {
        Part::Text(text) => text.to_string(),
        Part::Slot(_) => "x".to_owned(),
    };
    let filled: String = parts.iter().map(text).collect();
    normalise(&filled).map(|_| ()).map_err(TemplateFault::Path)
}
