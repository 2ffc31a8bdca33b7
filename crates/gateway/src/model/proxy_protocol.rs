//! The PROXY protocol, versions 1 and 2, by which a load balancer says before the first byte whom it speaks for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// The longest header of version 1, its end of line included.
const LONGEST_V1: usize = 107;

/// The longest header of version 2 that is taken: addresses, and room for some extensions.
const LONGEST_V2: usize = 536;

/// How version 1 begins.
const V1: &[u8] = b"PROXY ";

/// How version 2 begins.
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The bytes of version 2 before its addresses.
const V2_HEAD: usize = 16;

/// What the first bytes of a connection hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ProxyHeader {
    /// The beginning of a header.
    NeedMore,
    /// A whole header.
    Whole {
        /// Both ends of the connection that is passed on; nothing if the balancer speaks for itself or does not know.
        ends: Option<Ends>,
        /// How many bytes it takes; what follows is the connection's own.
        len: usize,
    },
}

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ends {
    /// Who called.
    pub(crate) source: SocketAddr,
    /// Whom.
    pub(crate) destination: SocketAddr,
}

/// Why a connection is closed: whatever this is, it is no such header.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ProxyFault {
    #[error("the connection does not begin with a PROXY protocol header")]
    Missing,
    #[error("the PROXY protocol header is too long")]
    TooLong,
    #[error("the PROXY protocol header is malformed")]
    Malformed,
}

/// Reads what has come so far of a connection.
///
/// # Errors
/// It is no header, whatever may follow.
pub(crate) fn read(bytes: &[u8]) -> Result<ProxyHeader, ProxyFault> {
    if bytes.starts_with(V1) {
        read_v1(bytes)
    } else if bytes.starts_with(V2) {
        read_v2(bytes)
    } else if V1.starts_with(bytes) || V2.starts_with(bytes) {
        Ok(ProxyHeader::NeedMore)
    } else {
        Err(ProxyFault::Missing)
    }
}

fn read_v1(bytes: &[u8]) -> Result<ProxyHeader, ProxyFault> {
    let seen = &bytes[..bytes.len().min(LONGEST_V1)];
    let Some(end) = seen.windows(2).position(|pair| pair == b"\r\n") else {
        return if seen.len() < LONGEST_V1 { Ok(ProxyHeader::NeedMore) } else { Err(ProxyFault::TooLong) };
    };
    let line = std::str::from_utf8(&seen[V1.len()..end]).map_err(|_| ProxyFault::Malformed)?;
    let mut words = line.split(' ');
    let ends = match words.next() {
        // Whatever follows it is to be ignored.
        Some("UNKNOWN") => None,
        Some("TCP4") => Some(ends_v1::<Ipv4Addr>(words).ok_or(ProxyFault::Malformed)?),
        Some("TCP6") => Some(ends_v1::<Ipv6Addr>(words).ok_or(ProxyFault::Malformed)?),
        _ => return Err(ProxyFault::Malformed),
    };
    Ok(ProxyHeader::Whole { ends, len: end + 2 })
}

/// Two addresses, two ports and nothing more.
fn ends_v1<'w, A: FromStr + Into<IpAddr>>(mut words: impl Iterator<Item = &'w str>) -> Option<Ends> {
    let mut address = || words.next()?.parse::<A>().ok();
    let (source, destination) = (address()?.into(), address()?.into());
    let mut port = || words.next().and_then(port_of);
    let (from, to) = (port()?, port()?);
    let ends = Ends { source: SocketAddr::new(source, from), destination: SocketAddr::new(destination, to) };
    words.next().is_none().then_some(ends)
}

/// A decimal number without sign or leading zeros.
fn port_of(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok()?;
    (digits && (text == "0" || !text.starts_with('0'))).then_some(port)
}

fn read_v2(bytes: &[u8]) -> Result<ProxyHeader, ProxyFault> {
    let Some((head, _)) = bytes.split_first_chunk::<V2_HEAD>() else { return Ok(ProxyHeader::NeedMore) };
    let [.., command, family, high, low] = *head;
    let len = V2_HEAD + usize::from(u16::from_be_bytes([high, low]));
    if len > LONGEST_V2 {
        return Err(ProxyFault::TooLong);
    }
    let local = match command {
        0x20 => true,
        0x21 => false,
        _ => return Err(ProxyFault::Malformed),
    };
    let Some(body) = bytes.get(V2_HEAD..len) else { return Ok(ProxyHeader::NeedMore) };
    // What follows the addresses are extensions, which are passed over.
    let ends = match family {
        _ if local => None,
        0x11 => Some(ends_v2::<4>(body).ok_or(ProxyFault::Malformed)?),
        0x21 => Some(ends_v2::<16>(body).ok_or(ProxyFault::Malformed)?),
        // Unspecified, datagrams, and Unix sockets have no address that is of use here.
        0x00 | 0x12 | 0x22 | 0x31 | 0x32 => None,
        _ => return Err(ProxyFault::Malformed),
    };
    Ok(ProxyHeader::Whole { ends, len })
}

/// Two addresses of `N` bytes, then two ports.
fn ends_v2<const N: usize>(body: &[u8]) -> Option<Ends>
where
    IpAddr: From<[u8; N]>,
{
    let (source, rest) = body.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (from, rest) = rest.split_first_chunk::<2>()?;
    let to = rest.first_chunk::<2>()?;
    let end =
        |address: &[u8; N], port: &[u8; 2]| SocketAddr::new((*address).into(), u16::from_be_bytes(*port));
    Some(Ends { source: end(source, from), destination: end(destination, to) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(ends: Option<(&str, &str)>, len: usize) -> Result<ProxyHeader, ProxyFault> {
        let address = |text: &str| text.parse().unwrap();
        let ends = ends
            .map(|(source, destination)| Ends { source: address(source), destination: address(destination) });
        Ok(ProxyHeader::Whole { ends, len })
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = V2.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes
    }

    const FOUR: [u8; 12] = [203, 0, 113, 9, 10, 0, 0, 1, 0x10, 0x00, 0x01, 0xbb];

    #[test]
    fn a_line_names_both_ends() {
        for (line, expected) in [
            ("PROXY TCP4 203.0.113.9 10.0.0.1 4096 443\r\n", Some(("203.0.113.9:4096", "10.0.0.1:443"))),
            ("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", Some(("[2001:db8::1]:0", "[::1]:65535"))),
            ("PROXY UNKNOWN\r\n", None),
            ("PROXY UNKNOWN ffff:f...f:ffff whatever\r\n", None),
        ] {
            let request = format!("{line}GET / HTTP/1.1\r\n");
            assert_eq!(read(request.as_bytes()), whole(expected, line.len()));
            for cut in 0..line.len() {
                assert_eq!(read(&line.as_bytes()[..cut]), Ok(ProxyHeader::NeedMore), "{cut} of {line}");
            }
        }
    }

    #[test]
    fn a_line_that_says_anything_else_ends_the_connection() {
        for line in [
            "PROXY TCP4 203.0.113.9 10.0.0.1 4096\r\n",
            "PROXY TCP4 203.0.113.9 10.0.0.1 4096 443 1\r\n",
            "PROXY TCP4  203.0.113.9 10.0.0.1 4096 443\r\n",
            "PROXY TCP4 ::1 ::1 1 1\r\n",
            "PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n",
            "PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n",
            "PROXY \r\n",
            "PROXY \u{e9}\r\n",
        ] {
            assert_eq!(read(line.as_bytes()), Err(ProxyFault::Malformed), "{line}");
        }
        for other in ["GET / HTTP/1.1\r\n", "proxy TCP4", "PROXX", "\r\n\r\nX"] {
            assert_eq!(read(other.as_bytes()), Err(ProxyFault::Missing), "{other}");
        }
    }

    #[test]
    fn a_line_has_at_most_107_bytes() {
        let line = |padding: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(padding));
        assert_eq!(read(line(91).as_bytes()), whole(None, 107));
        assert_eq!(read(line(92).as_bytes()), Err(ProxyFault::TooLong));
        assert_eq!(read(&line(92).as_bytes()[..106]), Ok(ProxyHeader::NeedMore));
    }

    #[test]
    fn the_binary_form_names_both_ends_too() {
        let four = v2(0x21, 0x11, &FOUR);
        let expected = whole(Some(("203.0.113.9:4096", "10.0.0.1:443")), 28);
        assert_eq!(read(&four), expected);
        for cut in 0..four.len() {
            assert_eq!(read(&four[..cut]), Ok(ProxyHeader::NeedMore), "{cut}");
        }
        let mut six = [0; 36];
        (six[15], six[31], six[33], six[35]) = (1, 2, 80, 90);
        let expected = whole(Some(("[::1]:80", "[::2]:90")), 52);
        assert_eq!(read(&v2(0x21, 0x21, &six)), expected);
    }

    #[test]
    fn extensions_are_passed_over() {
        let mut body = FOUR.to_vec();
        body.extend([0x04, 0x00, 0x01, 0x00]);
        let mut bytes = v2(0x21, 0x11, &body);
        bytes.extend(b"GET /");
        let expected = whole(Some(("203.0.113.9:4096", "10.0.0.1:443")), 32);
        assert_eq!(read(&bytes), expected);
    }

    #[test]
    fn a_balancer_that_speaks_for_itself_names_nobody() {
        for (command, family, len) in [(0x20, 0x00, 0), (0x20, 0x11, 12), (0x21, 0x00, 0), (0x21, 0x31, 216)]
        {
            let expected = whole(None, V2_HEAD + len);
            assert_eq!(read(&v2(command, family, &vec![0; len])), expected, "{command} {family}");
        }
    }

    #[test]
    fn a_malformed_or_endless_binary_form_ends_the_connection() {
        assert_eq!(read(&v2(0x11, 0x11, &FOUR)), Err(ProxyFault::Malformed));
        assert_eq!(read(&v2(0x22, 0x11, &FOUR)), Err(ProxyFault::Malformed));
        assert_eq!(read(&v2(0x21, 0x41, &FOUR)), Err(ProxyFault::Malformed));
        assert_eq!(read(&v2(0x21, 0x11, &FOUR[..11])), Err(ProxyFault::Malformed));
        assert_eq!(read(&v2(0x21, 0x21, &FOUR)), Err(ProxyFault::Malformed));
        assert_eq!(read(&v2(0x21, 0x11, &[0; 521])[..V2_HEAD]), Err(ProxyFault::TooLong));
        assert_eq!(read(&v2(0x21, 0x11, &[0; 520])), whole(Some(("0.0.0.0:0", "0.0.0.0:0")), 536));
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader_and_none_keep_it_waiting(
            beginning in prop::sample::select(vec![b"".as_slice(), V1, V2, b"PROXY TCP4 1.1.1.1 "]),
            rest in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let bytes = [beginning, &rest].concat();
            match read(&bytes) {
                Ok(ProxyHeader::Whole { len, .. }) => prop_assert!(len <= bytes.len() && len <= LONGEST_V2),
                Ok(ProxyHeader::NeedMore) => prop_assert!(bytes.len() < LONGEST_V2),
                Err(_) => {}
            }
        }
    }
}
