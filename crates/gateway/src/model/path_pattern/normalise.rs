//! One spelling for each path, so that what a rule says of a path holds for all of its spellings.

use std::borrow::Cow;

/// Why a path is refused: servers would not agree on what it names. The answer is a 400.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PathFault {
    #[error("the path does not begin with /")]
    NotAbsolute,
    #[error("the path holds a control character")]
    ControlCharacter,
    #[error("the path holds a backslash, which some servers take for a slash")]
    Backslash,
    #[error("the path holds an encoded slash, which only some servers take for a slash")]
    EncodedSlash,
    #[error("the path holds a semicolon, after which servers disagree")]
    Semicolon,
    #[error("the path holds a ? or #, which end it")]
    Delimiter,
    #[error("the path holds a % without two hexadecimal digits after it")]
    BrokenEscape,
    #[error("the path is encoded twice")]
    EncodedTwice,
    #[error("the path is not UTF-8")]
    NotUtf8,
    #[error("the path leads above its root")]
    AboveRoot,
    #[error("the path is too long")]
    TooLong,
}

/// The one spelling of a path, by which it is matched, checked and sent on (RFC 3986, 6.2.2).
///
/// Changed, because every server reads it the same afterwards:
/// - escapes of unreserved characters are decoded (`%41` is `A`), all other escapes are upper case;
/// - what a path may not hold as it is, such as `"` or `é`, is encoded;
/// - `//` becomes `/`, and only then `.` and `..` are resolved, whether written plainly or as `%2e`.
///
/// Refused, because a server behind might read something else than the rule that let it pass:
/// control characters and NUL; `\` and `%5C`; `%2F`; `;` and `%3B`, which some servers cut off together with what
/// follows; `..` above the root; escapes that are broken, not UTF-8 (overlong forms of `/` and `.` among them), or
/// leave another escape when they are decoded (`%252F`).
///
/// Kept: upper and lower case, a `/` at the end, escapes of reserved characters. Nothing is allocated for a path that
/// has no escape, no `//` and no segment that begins with a dot.
///
/// # Errors
/// The path is one of those that are refused.
pub(crate) fn normalise(path: &str) -> Result<Cow<'_, str>, PathFault> {
    if !path.starts_with('/') {
        return Err(PathFault::NotAbsolute);
    }
    if is_plain(path.as_bytes()) {
        return Ok(Cow::Borrowed(path));
    }
    let spelled = respell(path)?;
    resolve(&spelled).map(Cow::Owned)
}

/// The text that a server decodes from a part of a normalised path.
pub(crate) fn decoded(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return Cow::Borrowed(part);
    }
    // A normalised path is UTF-8.
    decode(part).map_or(Cow::Borrowed(part), Cow::Owned)
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What may stand in a path as it is, `;` left out: a table, because every byte of every path is looked up.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        plain[byte] = is_unreserved(byte as u8)
            || matches!(
                byte as u8,
                b'/' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@'
            );
        byte += 1;
    }
    plain
};

fn is_plain(path: &[u8]) -> bool {
    let mut after_slash = false;
    for &byte in path {
        if !PLAIN[usize::from(byte)] || (after_slash && matches!(byte, b'/' | b'.')) {
            return false;
        }
        after_slash = byte == b'/';
    }
    true
}

/// Gives each character its one spelling.
fn respell(path: &str) -> Result<String, PathFault> {
    let mut spelled = String::with_capacity(path.len() + 16);
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let escaped = byte == b'%';
        let octet = if escaped { octet(bytes.next(), bytes.next())? } else { byte };
        match octet {
            0..=0x1f | 0x7f => return Err(PathFault::ControlCharacter),
            b'\\' => return Err(PathFault::Backslash),
            b';' => return Err(PathFault::Semicolon),
            b'/' if escaped => return Err(PathFault::EncodedSlash),
            b'?' | b'#' if !escaped => return Err(PathFault::Delimiter),
            _ if is_unreserved(octet) || (!escaped && PLAIN[usize::from(octet)]) => {
                spelled.push(char::from(octet));
            }
            _ => spelled.extend(['%', upper_hex(octet >> 4), upper_hex(octet & 15)]),
        }
    }
    if leaves_escapes(&spelled) {
        return Err(PathFault::EncodedTwice);
    }
    decode(&spelled).map(|_| spelled).ok_or(PathFault::NotUtf8)
}

fn octet(high: Option<u8>, low: Option<u8>) -> Result<u8, PathFault> {
    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
    let value = digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low);
    value.and_then(|value| u8::try_from(value).ok()).ok_or(PathFault::BrokenEscape)
}

fn upper_hex(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase()
}

/// Whether an encoded `%` stands before two digits: decoded twice it is another path.
fn leaves_escapes(spelled: &str) -> bool {
    spelled.match_indices("%25").any(|(at, _)| {
        let digits = spelled.as_bytes().get(at + 3..at + 5);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Decodes escapes that are known to be whole; nothing if the outcome is not UTF-8.
fn decode(spelled: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(spelled.len());
    let mut bytes = spelled.bytes();
    while let Some(byte) = bytes.next() {
        octets.push(if byte == b'%' { octet(bytes.next(), bytes.next()).ok()? } else { byte });
    }
    String::from_utf8(octets).ok()
}

/// Takes away empty segments and dot segments.
fn resolve(spelled: &str) -> Result<String, PathFault> {
    let mut path = String::with_capacity(spelled.len());
    let mut segments = spelled.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "" | "." => {}
            ".." => path.truncate(path.rfind('/').ok_or(PathFault::AboveRoot)?),
            _ => {
                path.push('/');
                path.push_str(segment);
                continue;
            }
        }
        // `/a/`, `/a/.` and `/a/b/..` all name what stands under `/a/`.
        if segments.peek().is_none() {
            path.push('/');
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ordinary_path_is_given_back_as_it_is() {
        for path in ["/", "/v1/books", "/v1/books/", "/v1/books/bok_1:copy@a,b=c+d'(e)*!$&", "/V1/a.b..c/~x"]
        {
            assert!(matches!(normalise(path), Ok(Cow::Borrowed(same)) if same == path), "{path}");
        }
    }

    #[test]
    fn every_spelling_of_a_path_becomes_one() {
        for (given, one) in [
            ("/v1/../admin", "/admin"),
            ("/v1/%2e%2E/x", "/x"),
            ("/v1//books", "/v1/books"),
            ("//v1///books//", "/v1/books/"),
            ("/a//../b", "/b"),
            ("/a/./b/.", "/a/b/"),
            ("/a/b/..", "/a/"),
            ("/a/..", "/"),
            ("/.", "/"),
            ("/%61dmin", "/admin"),
            ("/%7euser/%2d", "/~user/-"),
            ("/a%3ab/%c3%ad", "/a%3Ab/%C3%AD"),
            ("/título", "/t%C3%ADtulo"),
            ("/a b\"<>[]^`{|}", "/a%20b%22%3C%3E%5B%5D%5E%60%7B%7C%7D"),
            ("/.well-known/jwks.json", "/.well-known/jwks.json"),
            ("/...", "/..."),
            ("/10%25", "/10%25"),
            ("/what%3f%23", "/what%3F%23"),
        ] {
            assert_eq!(normalise(given).as_deref(), Ok(one), "{given}");
        }
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        for (given, fault) in [
            ("", PathFault::NotAbsolute),
            ("*", PathFault::NotAbsolute),
            ("v1/books", PathFault::NotAbsolute),
            ("/a\0b", PathFault::ControlCharacter),
            ("/a%00b", PathFault::ControlCharacter),
            ("/a%0d%0ab", PathFault::ControlCharacter),
            ("/a%7f", PathFault::ControlCharacter),
            ("/v1\\..\\admin", PathFault::Backslash),
            ("/v1%5c..%5Cadmin", PathFault::Backslash),
            ("/v1%2fadmin", PathFault::EncodedSlash),
            ("/v1/..%2Fadmin", PathFault::EncodedSlash),
            ("/v1/..;/admin", PathFault::Semicolon),
            ("/v1/admin;x=1", PathFault::Semicolon),
            ("/v1/admin%3b", PathFault::Semicolon),
            ("/a?b", PathFault::Delimiter),
            ("/a#b", PathFault::Delimiter),
            ("/a%", PathFault::BrokenEscape),
            ("/a%2", PathFault::BrokenEscape),
            ("/a%zz", PathFault::BrokenEscape),
            ("/a%+1", PathFault::BrokenEscape),
            ("/%252e%252e/x", PathFault::EncodedTwice),
            ("/%25%32%46", PathFault::EncodedTwice),
            ("/%c0%ae%c0%ae/x", PathFault::NotUtf8),
            ("/%e7", PathFault::NotUtf8),
            ("/..", PathFault::AboveRoot),
            ("/a/../../b", PathFault::AboveRoot),
            ("/.%2e/b", PathFault::AboveRoot),
        ] {
            assert_eq!(normalise(given), Err(fault), "{given}");
        }
    }

    #[test]
    fn a_part_decodes_to_what_a_server_reads() {
        assert_eq!(decoded("t%C3%ADtulo%20%3A"), "título :");
        assert!(matches!(decoded("plain"), Cow::Borrowed("plain")));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing_more(path in "/([a-c./%;\\\\ é]|%2[0-9a-fA-F]|%[0-9a-f]{2}){0,16}") {
            if let Ok(once) = normalise(&path) {
                prop_assert_eq!(normalise(&once), Ok(Cow::Borrowed(&*once)));
            }
        }

        #[test]
        fn a_normalised_path_leaves_a_server_nothing_to_resolve(path in "/([ab./%]|%2[0-9a-fA-F]|\\.\\.|//){0,16}") {
            if let Ok(one) = normalise(&path) {
                prop_assert!(one.starts_with('/') && !one.contains("//"));
                let text = decoded(&one);
                prop_assert!(text.split('/').all(|segment| segment != "." && segment != ".."));
                prop_assert_eq!(text.matches('/').count(), one.matches('/').count());
            }
        }

        #[test]
        fn no_path_upsets_the_reader(path in "\\PC{0,64}", slash in any::<bool>()) {
            let path = if slash { format!("/{path}") } else { path };
            let _ = normalise(&path);
        }
    }
}
