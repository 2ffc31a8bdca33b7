//! What other tracing systems say of a trace: passed on, within bounds.

use http::HeaderValue;

use super::TRACESTATE;
use crate::headers::Headers;

/// How many characters are passed on.
const LONGEST: usize = 512;

/// How many members are passed on.
const MOST_MEMBERS: usize = 32;

/// Members longer than this are the first to go when there is too much.
const LONG_MEMBER: usize = 128;

/// Leaves the header as it is when it is sound and short enough; shortens it by whole members when it is too long;
/// drops it when it is malformed.
pub(super) fn tidy(headers: &mut Headers) {
    if !headers.contains_key(TRACESTATE) {
        return;
    }
    let alone = headers.only(TRACESTATE).is_some_and(|value| value.len() <= LONGEST);
    let shorter = match members(headers) {
        Some(members) if alone && members.len() <= MOST_MEMBERS => return,
        Some(members) => HeaderValue::try_from(shortened(members)).ok(),
        None => None,
    };
    match shorter.filter(|value| !value.is_empty()) {
        Some(value) => headers.insert(TRACESTATE, value),
        None => headers.remove(TRACESTATE),
    }
}

/// The members of all lines, or nothing if one is malformed.
fn members(headers: &Headers) -> Option<Vec<&str>> {
    let mut members = Vec::new();
    for line in headers.get_all(TRACESTATE) {
        let parts = line.to_str().ok()?.split(',').map(|part| part.trim_matches([' ', '\t']));
        for part in parts.filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=')?;
            if !is_key(key) || !is_value(value) {
                return None;
            }
            members.push(part);
        }
    }
    Some(members)
}

/// A name such as `congo` or `tenant@system`.
fn is_key(key: &str) -> bool {
    let begins = key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
    let goes_on = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@')
    };
    begins && key.len() <= 256 && key.bytes().all(goes_on)
}

fn is_value(value: &str) -> bool {
    let visible = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b',' && byte != b'=';
    !value.is_empty() && value.len() <= 256 && value.bytes().all(visible)
}

/// Drops long members while there is too much, and then the last ones, who are the oldest.
fn shortened(mut members: Vec<&str>) -> String {
    let length =
        |members: &[&str]| members.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1);
    while length(&members) > LONGEST
        && let Some(long) = members.iter().rposition(|member| member.len() > LONG_MEMBER)
    {
        members.remove(long);
    }
    members.truncate(MOST_MEMBERS);
    while length(&members) > LONGEST {
        members.pop();
    }
    members.join(",")
}
