//! What a token and its claims must be, by hand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comporta_jwt::{Jwk, PublicKey};
use serde_json::{Map, Value};

const KNOWN: [&str; 8] = ["HS256", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"];

/// A token of good form, taken apart.
#[derive(Debug)]
pub(super) struct Parsed {
    header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    pub(super) algorithm: String,
    /// What the signature is over.
    pub(super) message: String,
    pub(super) signature: Vec<u8>,
    parts: [Vec<u8>; 3],
}

/// A token's parts, if its form is good.
pub(super) fn parse(text: &str) -> Option<Parsed> {
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, signature]: [&str; 3] = parts.try_into().ok()?;
    if text.len() > 16 * 1024 {
        return None;
    }
    let message = format!("{header}.{claims}");
    let parts = [header, claims, signature].map(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let [Some(header_text), Some(claims_text), Some(signature)] = parts else { return None };
    let (header, claims) = (object(&header_text)?, object(&claims_text)?);
    let is_text = |name| header.get(name).is_none_or(Value::is_string);
    let algorithm = header.get("alg")?.as_str()?.to_owned();
    let understood = KNOWN.contains(&&*algorithm) && !header.contains_key("crit");
    let parts = [header_text, claims_text, signature.clone()];
    let parsed = Parsed { algorithm, message, signature, parts, claims, header: header.clone() };
    (understood && is_text("kid") && is_text("typ")).then_some(parsed)
}

impl Parsed {
    pub(super) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// The token, written again.
    pub(super) fn printed(&self) -> String {
        self.parts.each_ref().map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    }

    /// Whether it is meant for here and now.
    pub(super) fn is_good(&self, issuer: &str, audience: &[&str], now: i64, leeway: i64) -> bool {
        let ours = |name: &Value| name.as_str().is_some_and(|name| audience.contains(&name));
        let for_us = match self.claims.get("aud") {
            Some(Value::Array(names)) => names.iter().any(ours),
            Some(name) => ours(name),
            None => false,
        };
        let seconds = |name: &str| self.claims.get(name).map(seconds);
        let (now, leeway) = (i128::from(now), i128::from(leeway));
        let lives = seconds("exp").flatten().is_some_and(|ends| now < ends + leeway);
        let began = ["nbf", "iat"].into_iter().filter_map(seconds);
        let began = began.into_iter().all(|begins| begins.is_some_and(|begins| begins - leeway <= now));
        self.claims.get("iss").and_then(Value::as_str) == Some(issuer) && for_us && lives && began
    }
}

/// The algorithms of a public key's kind.
pub(super) fn algorithms_of(jwk: &Jwk) -> &'static [&'static str] {
    match &jwk.key {
        PublicKey::Rsa { .. } => &["RS256", "RS384", "RS512", "PS256"],
        PublicKey::Ec { x, .. } if x.len() == 43 => &["ES256"],
        PublicKey::Ec { .. } => &["ES384"],
        PublicKey::Okp { .. } => &["EdDSA"],
    }
}

fn seconds(value: &Value) -> Option<i128> {
    let whole = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    // No instant that is compared with is near these.
    whole.or_else(|| value.as_f64().map(|seconds| seconds.floor().clamp(-1e30, 1e30) as i128))
}

/// An object that gives no member twice.
fn object(text: &[u8]) -> Option<Map<String, Value>> {
    let members: Map<String, Value> = serde_json::from_slice(text).ok()?;
    let text = std::str::from_utf8(text).ok()?;
    (!repeats_a_member(text)).then_some(members)
}

/// Whether an object of a JSON text gives a member twice, at any depth.
fn repeats_a_member(json: &str) -> bool {
    let mut open: Vec<Vec<String>> = Vec::new();
    let mut left = json;
    while let Some(at) = left.find(['{', '}', '"']) {
        let (mark, rest) = left[at..].split_at(1);
        left = rest;
        match mark {
            "{" => open.push(Vec::new()),
            "}" => drop(open.pop()),
            _ => {
                let end = end_of_string(rest);
                let name: String = serde_json::from_str(&format!("\"{}", &rest[..end])).unwrap_or_default();
                left = &rest[end..];
                let is_name = left.trim_start().starts_with(':');
                if let Some(members) = open.last_mut().filter(|_| is_name) {
                    if members.contains(&name) {
                        return true;
                    }
                    members.push(name);
                }
            }
        }
    }
    false
}

/// Behind the quote that closes a string.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |end| end + 1)
}
