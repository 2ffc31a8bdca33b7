//! Reads the `forwarded` header (RFC 7239, 4).

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::FORWARDED;

use super::{address_of, https_of};
use crate::headers::Headers;

/// What one proxy says.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    /// Whom it had the request from; nothing if it hides that.
    pub(super) node: Option<IpAddr>,
    /// Whether by TLS.
    pub(super) https: Option<bool>,
    /// The host that was asked for.
    pub(super) host: Option<String>,
}

/// The elements, the first proxy's first; none if one of them is malformed, as it is unclear then where each begins.
pub(super) fn read_elements(headers: &Headers) -> Vec<Element> {
    let mut elements = Vec::new();
    for line in headers.get_all(FORWARDED) {
        match line.to_str().ok().and_then(read_line) {
            Some(more) => elements.extend(more),
            None => return Vec::new(),
        }
    }
    elements
}

fn read_line(line: &str) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut element = None;
    let mut left = line.trim();
    while let Some(first) = left.chars().next() {
        if first == ',' {
            elements.extend(element.take());
            left = left[1..].trim_start();
            continue;
        }
        let (name, after) = left.split_once('=')?;
        let (value, after) = value_of(after)?;
        set(element.get_or_insert_default(), name, &value)?;
        left = after.trim_start();
        match left.strip_prefix(';') {
            Some(after) => left = after.trim_start(),
            None if left.is_empty() || left.starts_with(',') => {}
            None => return None,
        }
    }
    elements.extend(element);
    Some(elements)
}

/// Takes note of a pair; nothing if its name is no token or was there before.
fn set(element: &mut Element, name: &str, value: &str) -> Option<()> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return None;
    }
    let before = match name.to_ascii_lowercase().as_str() {
        "for" => std::mem::replace(&mut element.node, address_of(value)).is_some(),
        "proto" => std::mem::replace(&mut element.https, https_of(value)).is_some(),
        "host" => element.host.replace(value.to_owned()).is_some(),
        _ => false,
    };
    (!before).then_some(())
}

/// A value, quoted or not, and what follows it. Addresses with `:` are taken unquoted too: many write them so.
fn value_of(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';', ' ', '\t']).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        return (!value.is_empty() && !value.contains('"')).then_some((Cow::Borrowed(value), after));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((Cow::Owned(value), &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}
