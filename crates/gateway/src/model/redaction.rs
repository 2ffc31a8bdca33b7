//! What the request log keeps of heads: headers that are known to be harmless, and addresses without what looks like a
//! credential.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, header};

use super::masking::HIDDEN;

/// Request headers that are kept. A list of what is harmless: what nobody thought of is left out.
pub(crate) static OF_REQUESTS: [HeaderName; 19] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("idempotency-key"),
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_UNMODIFIED_SINCE,
    header::ORIGIN,
    HeaderName::from_static("prefer"),
    header::RANGE,
    header::TRANSFER_ENCODING,
    header::USER_AGENT,
    header::VIA,
];

/// Answer headers that are kept.
pub(crate) static OF_ANSWERS: [HeaderName; 18] = [
    header::AGE,
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    HeaderName::from_static("deprecation"),
    header::ETAG,
    HeaderName::from_static("idempotent-replayed"),
    header::LAST_MODIFIED,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    header::RETRY_AFTER,
    HeaderName::from_static("sunset"),
    header::VARY,
    header::VIA,
];

/// Longest value of a header that is kept, in bytes.
const VALUE: usize = 256;
/// A word of so many characters, none of them a space or a stop, is no word.
const OPAQUE: usize = 40;

/// A header's value as it is kept.
pub(crate) fn value(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    if looks_like_credential(&text) { HIDDEN.to_owned() } else { cut(&text, VALUE).to_owned() }
}

/// A request's id as it is kept: callers may choose it, and choose badly.
pub(crate) fn request_id(id: &str) -> &str {
    if looks_like_credential(id) { HIDDEN } else { id }
}

/// A path as it is kept: a segment that looks like a credential is hidden.
pub(crate) fn path(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(is_opaque) {
        return Cow::Borrowed(path);
    }
    let segments = path.split('/').map(|segment| if is_opaque(segment) { HIDDEN } else { segment });
    Cow::Owned(segments.collect::<Vec<_>>().join("/"))
}

/// A query as it is kept: the value of a parameter that is called like a credential, or looks like one, is hidden.
pub(crate) fn query(query: &str) -> String {
    let parameters = query.split('&').map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (is_opaque(name), is_credential_name(&decoded(name)) || is_opaque(value)) {
            (true, _) => HIDDEN.to_owned(),
            (false, true) if !value.is_empty() => format!("{name}={HIDDEN}"),
            (false, _) => parameter.to_owned(),
        }
    });
    parameters.collect::<Vec<_>>().join("&")
}

/// Whether what is called so is a credential, most likely.
pub(crate) fn is_credential_name(name: &str) -> bool {
    const PARTS: [&str; 17] = [
        "apikey",
        "assertion",
        "authorization",
        "cookie",
        "credential",
        "cvc",
        "cvv",
        "jwt",
        "passphrase",
        "passwd",
        "password",
        "privatekey",
        "secret",
        "senha",
        "session",
        "signature",
        "token",
    ];
    const WHOLE: [&str; 7] = ["auth", "code", "key", "pass", "pin", "pwd", "sig"];
    let plain = name.chars().filter(|character| character.is_alphanumeric());
    let plain: String = plain.flat_map(char::to_lowercase).collect();
    PARTS.iter().any(|part| plain.contains(part))
        || WHOLE.contains(&plain.as_str())
        || plain.ends_with("accesskey")
}

/// Whether a text holds what is a credential by its form: a key of ours, or a JWT.
pub(crate) fn looks_like_credential(text: &str) -> bool {
    let is_jwt =
        |word: &str| word.starts_with("eyJ") && word.bytes().filter(|byte| *byte == b'.').count() >= 2;
    let is_separator = |character: char| !(character.is_ascii_alphanumeric() || "._-".contains(character));
    text.contains("cpt_live_") || text.contains("cpt_test_") || text.split(is_separator).any(is_jwt)
}

/// Whether a part of an address is a credential by its form, or a word that only a machine would write.
fn is_opaque(part: &str) -> bool {
    if part.len() < 9 {
        return false;
    }
    let text = decoded(part);
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte);
    looks_like_credential(part)
        || looks_like_credential(&text)
        || (text.len() >= OPAQUE && text.bytes().all(is_word))
}

/// Text without percent-encoding, whatever bytes come of it: to be looked at, not to be kept.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| (*byte as char).to_digit(16));
    let (bytes, mut plain, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

/// A text's beginning, at most so many bytes of it.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "cpt_live_01kb1gy3m7f0v9s4t2q8n6x5cw_0123456789abcdefghjkmnpqrs";
    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

    #[test]
    fn parameters_that_are_credentials_are_hidden_and_the_others_stay() {
        let kept = query("q=cafe&page=2&api_key=abc&Access-Token=x&senha=1&code=9&sort=name&flag");
        assert_eq!(kept, "q=cafe&page=2&api_key=***&Access-Token=***&senha=***&code=***&sort=name&flag");
        assert_eq!(query(&format!("q={KEY}&b={JWT}&{KEY}=1")), "q=***&b=***&***");
        assert_eq!(query("%61pi%5Fkey=abc&debt_id=77"), "%61pi%5Fkey=***&debt_id=77");
        assert_eq!(query("id=ent_01kb1gy3m7f0v9s4t2q8n6x5cw&key="), "id=ent_01kb1gy3m7f0v9s4t2q8n6x5cw&key=");
    }

    #[test]
    fn a_segment_that_is_a_credential_is_hidden() {
        assert_eq!(
            path("/v1/entries/ent_01kb1gy3m7f0v9s4t2q8n6x5cw"),
            "/v1/entries/ent_01kb1gy3m7f0v9s4t2q8n6x5cw"
        );
        assert_eq!(path(&format!("/reset/{KEY}/now")), "/reset/***/now");
        assert_eq!(path(&format!("/reset/{JWT}")), "/reset/***");
        assert_eq!(path(&format!("/reset/{}", "a1".repeat(20))), "/reset/***");
        assert_eq!(path("/reset/cpt%5Flive%5F01kb1"), "/reset/***");
    }

    #[test]
    fn no_header_that_carries_a_credential_is_on_a_list() {
        let named = [
            "authorization",
            "cookie",
            "set-cookie",
            "x-api-key",
            "proxy-authorization",
            "referer",
            "location",
        ];
        for name in OF_REQUESTS.iter().chain(&OF_ANSWERS) {
            let harmless = !named.contains(&name.as_str());
            assert!(harmless && (!is_credential_name(name.as_str())), "{name}");
        }
        assert_eq!(value(&HeaderValue::from_str(&format!("agent {KEY}")).unwrap()), "***");
        assert_eq!(value(&HeaderValue::from_str(&"é".repeat(300)).unwrap()).len(), VALUE);
    }

    proptest! {
        #[test]
        fn a_key_never_stays_wherever_it_stands(before in "[a-z0-9=&/?.%-]{0,20}", after in "[a-z0-9=&/?.%-]{0,20}") {
            let text = format!("{before}{KEY}{after}");
            prop_assert!(!query(&text).contains(KEY));
            prop_assert!(!path(&text).contains(KEY));
        }
    }
}
