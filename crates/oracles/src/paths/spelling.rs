//! The one spelling of a path, by hand: segments decoded, refused or resolved, and encoded again.

/// The normal form, unless the path is refused.
pub(super) fn normal_form(path: &str) -> Option<String> {
    let segments: Vec<Vec<Octet>> = path.strip_prefix('/')?.split('/').map(octets).collect::<Option<_>>()?;
    for segment in &segments {
        let text = String::from_utf8(segment.iter().map(|octet| octet.value).collect()).ok()?;
        let twice = text.split('%').skip(1).any(|after| {
            let digits = after.as_bytes().get(..2);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        });
        if twice || segment.iter().any(Octet::is_refused) {
            return None;
        }
    }
    let ends_open = segments.last().is_none_or(|last| matches!(&*spelled(last), "" | "." | ".."));
    let mut kept: Vec<String> = Vec::new();
    for segment in segments.iter().map(|segment| spelled(segment)).filter(|text| !text.is_empty()) {
        match &*segment {
            "." => {}
            ".." => drop(kept.pop()?),
            _ => kept.push(segment),
        }
    }
    let mut normal: String = kept.iter().map(|segment| format!("/{segment}")).collect();
    if ends_open {
        normal.push('/');
    }
    Some(normal)
}

/// The text of a segment whose escapes are whole.
pub(super) fn decoded(segment: &str) -> String {
    let octets = octets(segment).unwrap_or_default();
    String::from_utf8_lossy(&octets.iter().map(|octet| octet.value).collect::<Vec<_>>()).into_owned()
}

struct Octet {
    value: u8,
    escaped: bool,
}

/// Escapes taken for what they stand for; nothing if one is broken.
fn octets(segment: &str) -> Option<Vec<Octet>> {
    let bytes = segment.as_bytes();
    let mut octets = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes[at] == b'%';
        let value = if escaped {
            let digits =
                bytes.get(at + 1..at + 3).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
        } else {
            bytes[at]
        };
        octets.push(Octet { value, escaped });
        at += if escaped { 3 } else { 1 };
    }
    Some(octets)
}

fn spelled(segment: &[Octet]) -> String {
    segment.iter().map(Octet::spelled).collect()
}

impl Octet {
    fn is_refused(&self) -> bool {
        let delimiter = matches!(self.value, b'?' | b'#') && !self.escaped;
        let slash = self.value == b'/' && self.escaped;
        delimiter || slash || self.value.is_ascii_control() || matches!(self.value, b'\\' | b';')
    }

    /// RFC 3986: unreserved characters stand for themselves; so do what else a segment may hold, if not escaped.
    fn spelled(&self) -> String {
        let letter = char::from(self.value);
        let unreserved = letter.is_ascii_alphanumeric() || "-._~".contains(letter);
        if unreserved || (!self.escaped && "!$&'()*+,=:@".contains(letter)) {
            letter.to_string()
        } else {
            format!("%{:02X}", self.value)
        }
    }
}
