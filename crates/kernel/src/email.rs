//! Addresses that letters can be sent to.

/// The longest (RFC 5321, 4.5.3.1).
const LONGEST_EMAIL: usize = 254;

/// Whether letters can be sent there: one `@`, and a domain of at least two labels; ASCII (RFC 5321).
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(byte);
    let is_local = (1..=64).contains(&local.len())
        && local.as_bytes().iter().all(atom)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= LONGEST_EMAIL && is_local && domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_a_letter_can_be_sent_to() {
        for good in ["a@b.co", "janet95@example.com", "o'neil+tag@mail.example.com.br"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "a",
            "@b.co",
            "a@b",
            "a@@b.co",
            "a@b..co",
            "a b@c.de",
            "a@-b.co",
            ".a@b.co",
            "<b>@b.co",
            "a,b@b.co",
            "a@[1.2.3.4]",
            "joão@b.co",
            "a@b.co\r\nbcc:x@y.z",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
