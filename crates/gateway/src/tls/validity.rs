//! When a certificate ends (RFC 5280, 4.1.2.5), read from its DER: of the rest nothing is believed that rustls does not.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Tags of DER (X.690, 8.1.2).
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version stands first, unless it is 1.
const VERSION: u8 = 0xa0;

/// The last second in which a certificate is good, since 1970; `None` for what is no certificate.
pub(super) fn not_after(certificate: &[u8]) -> Option<i64> {
    let (SEQUENCE, certificate, _) = element(certificate)? else { return None };
    let (SEQUENCE, mut fields, _) = element(certificate)? else { return None };
    if let (VERSION, _, rest) = element(fields)? {
        fields = rest;
    }
    // Serial number, algorithm, issuer; then from when, until when.
    for expected in [INTEGER, SEQUENCE, SEQUENCE] {
        let (tag, _, rest) = element(fields)?;
        if tag != expected {
            return None;
        }
        fields = rest;
    }
    let (SEQUENCE, validity, _) = element(fields)? else { return None };
    let (_, _, until) = element(validity)?;
    let (tag, text, _) = element(until)?;
    let text = str::from_utf8(text).ok()?;
    let text = match tag {
        // Two digits: of 1950 to 2049.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    Some(TimeZone::UTC.to_timestamp(at).ok()?.as_second())
}

/// The first element: its tag, what it holds, and what comes after it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // So many bytes of length follow; no certificate needs more than four.
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(at: &str) -> i64 {
        at.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    fn ending(year: i32) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 11, 23);
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_either_way_of_writing_it() {
        assert_eq!(not_after(&ending(2026)), Some(seconds("2026-11-23T00:00:00Z")));
        assert_eq!(not_after(&ending(1999)), Some(seconds("1999-11-23T00:00:00Z")));
        assert_eq!(not_after(&ending(2050)), Some(seconds("2050-11-23T00:00:00Z")));
    }

    #[test]
    fn what_is_cut_short_has_no_end() {
        let whole = ending(2030);
        for length in 0..whole.len() {
            assert_eq!(not_after(&whole[..length]), None, "{length}");
        }
        assert_eq!(not_after(b"\x30\x84\xff\xff\xff\xff"), None);
    }
}
