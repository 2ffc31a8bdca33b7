//! The head of a request as it is read: strictly, so that no two readers can take it for different ones.

use std::mem::MaybeUninit;

use bytes::{Buf as _, Bytes, BytesMut};
use comporta_http::{Problem, kinds};
use http::{Method, Uri, Version};
use httparse::{Error, ParserConfig, Status};

use crate::head::Head;
use crate::http1::{Lines, MAX_HEAD, MAX_HEADERS, Malformed, Told, read_fields};

/// Empty lines before a request that are passed over: some clients end a body with one (RFC 9112, 2.2).
const EMPTY_LINES: u32 = 2;

/// Reads heads from what comes on a connection.
#[derive(Debug, Default)]
pub(super) struct Heads {
    lines: Lines,
    empty: u32,
}

/// What a head tells beside what it asks for.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) told: Told,
    /// The head as it came: what it asks for is pieces of it.
    pub(super) text: Bytes,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadFault {
    Malformed(Malformed),
    /// The first line alone is larger than a head may be.
    UriTooLong,
    TooLarge,
}

impl Heads {
    /// Takes a head off the buffer, and into `into`, once all of it is there.
    pub(super) fn take(
        &mut self,
        buffer: &mut BytesMut,
        into: &mut Head,
    ) -> Result<Option<Heard>, HeadFault> {
        while self.empty < EMPTY_LINES && buffer.starts_with(b"\r\n") {
            buffer.advance(2);
            self.empty += 1;
        }
        let Some(head) = self.lines.take(buffer, MAX_HEAD).map_err(|fault| of_lines(fault, buffer))? else {
            return Ok(None);
        };
        self.empty = 0;
        read(head, into).map(Some).map_err(HeadFault::from)
    }
}

impl From<Malformed> for HeadFault {
    fn from(fault: Malformed) -> Self {
        match fault {
            Malformed::TooLarge | Malformed::Syntax(Error::TooManyHeaders) => Self::TooLarge,
            fault => Self::Malformed(fault),
        }
    }
}

impl HeadFault {
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::Malformed(fault) => Problem::new(&kinds::MALFORMED, fault.to_string()),
            Self::UriTooLong => Problem::new(&kinds::URI_TOO_LONG, bound("the address of a request")),
            Self::TooLarge => {
                let bound = bound("the head of a request");
                Problem::new(&kinds::HEADERS_TOO_LARGE, format!("{bound} and {MAX_HEADERS} headers"))
            }
        }
    }
}

fn bound(what: &str) -> String {
    format!("{what} may have {MAX_HEAD} bytes")
}

fn of_lines(fault: Malformed, buffer: &[u8]) -> HeadFault {
    match fault {
        Malformed::TooLarge if memchr::memchr(b'\n', &buffer[..MAX_HEAD.min(buffer.len())]).is_none() => {
            HeadFault::UriTooLong
        }
        fault => fault.into(),
    }
}

fn read(text: Bytes, into: &mut Head) -> Result<Heard, Malformed> {
    let head = &text;
    let mut room = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut []);
    match ParserConfig::default().parse_request_with_uninit_headers(&mut parsed, head, &mut room)? {
        Status::Complete(length) if length == head.len() => {}
        _ => return Err(Error::NewLine.into()),
    }
    let (method, target) = parsed.method.zip(parsed.path).ok_or(Error::Token)?;
    let is_old = parsed.version == Some(0);
    into.method = Method::from_bytes(method.as_bytes()).map_err(|_| Error::Token)?;
    into.uri = Uri::from_maybe_shared(head.slice_ref(target.as_bytes())).map_err(|_| Malformed::Target)?;
    into.version = if is_old { Version::HTTP_10 } else { Version::HTTP_11 };
    let told = read_fields(head, parsed.headers, is_old, &mut into.headers)?;
    Ok(Heard { told, text })
}

#[cfg(test)]
mod tests {
    use http::header::HOST;
    use proptest::prelude::*;

    use super::*;

    /// What comes of bytes that arrive in pieces: each head's method and target, then the fault that ended it.
    fn heads(text: &[u8], piece: usize) -> (Vec<(String, String)>, Option<HeadFault>) {
        let (mut heads, mut buffer, mut seen) = (Heads::default(), BytesMut::new(), Vec::new());
        let mut head = Head::default();
        for piece in text.chunks(piece) {
            buffer.extend_from_slice(piece);
            loop {
                match heads.take(&mut buffer, &mut head) {
                    Ok(None) => break,
                    Ok(Some(_)) => seen.push((head.method.to_string(), head.uri.to_string())),
                    Err(fault) => return (seen, Some(fault)),
                }
            }
        }
        (seen, None)
    }

    fn one(text: &str) -> Result<(Head, Told), HeadFault> {
        let mut head = Head::default();
        let heard = Heads::default().take(&mut BytesMut::from(text), &mut head)?;
        Ok((head, heard.unwrap().told))
    }

    #[test]
    fn a_head_says_what_stands_in_it() {
        let (parts, told) = one(
            "POST /a?b HTTP/1.1\r\nHost: x\r\ncontent-length: 12\r\nexpect: 100-Continue\r\nte: x, trailers\r\n\r\n",
        )
        .unwrap();
        assert_eq!((parts.method, parts.uri.to_string()), (Method::POST, "/a?b".to_owned()));
        assert_eq!(
            (parts.version, parts.headers.get(HOST).unwrap()),
            (Version::HTTP_11, &"x".parse().unwrap())
        );
        let expected = Told { length: Some(12), waits: true, trailers: true, ..Told::default() };
        assert_eq!(told, expected);
        let (parts, told) = one("GET / HTTP/1.0\r\nconnection: x, Keep-Alive\r\n\r\n").unwrap();
        assert_eq!((parts.version, told.may_stay()), (Version::HTTP_10, true));
        assert!(!one("GET / HTTP/1.0\r\n\r\n").unwrap().1.may_stay());
        assert!(!one("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap().1.may_stay());
    }

    #[test]
    fn what_two_servers_could_read_in_two_ways_is_refused() {
        let lengths = [
            ("content-length: 5\r\ncontent-length: 5", Malformed::ContentLength),
            ("content-length: +5", Malformed::ContentLength),
            ("content-length: 5\r\ntransfer-encoding: chunked", Malformed::TwoLengths),
            ("transfer-encoding: gzip, chunked", Malformed::TransferEncoding),
            ("transfer-encoding: chunked\r\ntransfer-encoding: chunked", Malformed::TransferEncoding),
            ("x: y\nz: w", Malformed::BareLineFeed),
            (" folded: x", Malformed::Syntax(Error::HeaderName)),
            ("spaced : x", Malformed::Syntax(Error::HeaderName)),
            ("x: a\0b", Malformed::Syntax(Error::HeaderValue)),
        ];
        for (lines, fault) in lengths {
            let read = one(&format!("POST / HTTP/1.1\r\nhost: x\r\n{lines}\r\n\r\n"));
            assert_eq!(read.unwrap_err(), HeadFault::Malformed(fault), "{lines}");
        }
        assert!(one("GET  / HTTP/1.1\r\n\r\n").is_err());
        assert!(one("GET /\u{7f} HTTP/1.1\r\n\r\n").is_err());
        assert!(one("GET / HTTP/2.0\r\n\r\n").is_err());
    }

    #[test]
    fn what_is_too_large_is_told_by_what_of_it_is() {
        let long = "x".repeat(MAX_HEAD);
        assert_eq!(one(&format!("GET /{long} HTTP/1.1\r\n\r\n")).unwrap_err(), HeadFault::UriTooLong);
        assert_eq!(one(&format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n")).unwrap_err(), HeadFault::TooLarge);
        let many = "x: y\r\n".repeat(MAX_HEADERS + 1);
        assert_eq!(one(&format!("GET / HTTP/1.1\r\n{many}\r\n")).unwrap_err(), HeadFault::TooLarge);
        assert!(one(&format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(MAX_HEADERS))).is_ok());
    }

    #[test]
    fn requests_in_one_breath_are_read_one_by_one_and_some_empty_lines_are_passed_over() {
        let text = b"\r\n\r\nGET /a HTTP/1.1\r\nhost: x\r\n\r\n\r\nPUT /b HTTP/1.1\r\n\r\n";
        let expected = vec![("GET".to_owned(), "/a".to_owned()), ("PUT".to_owned(), "/b".to_owned())];
        for piece in 1..=text.len() {
            assert_eq!(heads(text, piece), (expected.clone(), None), "in pieces of {piece}");
        }
        let (seen, fault) = heads(b"\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", 4);
        assert!(seen.is_empty() && fault.is_some(), "three are too many");
    }

    proptest! {
        #[test]
        fn however_bytes_are_cut_they_read_the_same(
            text in "(\r\n){0,3}(GET|P|get) (/|x|\\*|http://a/) HTTP/1\\.[0-2](\r\n|\n)(([a-c]|content-length|te): ?[ -~]{0,5}(\r\n|\n|\r)){0,4}\r\n[ -~\r\n]{0,20}",
            piece in 1_usize..40,
        ) {
            prop_assert_eq!(heads(text.as_bytes(), piece), heads(text.as_bytes(), text.len()));
        }
    }
}
