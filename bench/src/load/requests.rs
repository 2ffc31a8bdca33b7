//! Requests rendered before the clock starts.

use std::cell::Cell;

use bytes::Bytes;

const KEY_HEADER: &str = "idempotency-key: ";
const KEY_DIGITS: usize = 20;

/// A GET, as it goes over the wire.
pub(crate) fn get(path: &str, api_key: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {api_key}\r\n\r\n").into_bytes()
}

/// A POST of a JSON body, as it goes over the wire.
pub(crate) fn post(path: &str, api_key: &str, body: impl Into<Bytes>) -> Vec<u8> {
    let body: Bytes = body.into();
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {api_key}\r\n");
    let head = format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), &body].concat()
}

/// Requests sent over and over, each time the next one.
pub(crate) struct Requests {
    rendered: Vec<Vec<u8>>,
    /// Where an idempotency key's digits begin.
    key_at: Option<usize>,
    next: Cell<u64>,
}

impl Requests {
    /// Sends these in turn, word for word.
    pub(crate) fn new(rendered: Vec<Vec<u8>>) -> Self {
        Self { rendered, key_at: None, next: Cell::new(0) }
    }

    /// Sends one request with an idempotency key of its own each time, counted from `first`.
    pub(crate) fn keyed(request: &[u8], first: u64) -> Self {
        let line = request.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let header = format!("{KEY_HEADER}{:0KEY_DIGITS$}\r\n", 0);
        let rendered = [&request[..line], header.as_bytes(), &request[line..]].concat();
        Self { rendered: vec![rendered], key_at: Some(line + KEY_HEADER.len()), next: Cell::new(first) }
    }

    /// The next request, written into `scratch` if it is not sent word for word.
    pub(super) fn next<'a>(&'a self, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let number = self.next.replace(self.next.get() + 1);
        let place = usize::try_from(number).unwrap_or_default() % self.rendered.len();
        let rendered = &self.rendered[place];
        let Some(key_at) = self.key_at else { return rendered };
        scratch.clear();
        scratch.extend_from_slice(rendered);
        write_decimal(&mut scratch[key_at..key_at + KEY_DIGITS], number);
        scratch
    }
}

fn write_decimal(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyed_request_differs_only_in_its_key() {
        let requests = Requests::keyed(&post("/p", "k", "{}"), 41);
        let mut scratch = Vec::new();
        let first = String::from_utf8(requests.next(&mut scratch).to_vec()).unwrap();
        let second = String::from_utf8(requests.next(&mut scratch).to_vec()).unwrap();
        assert!(
            first.starts_with("POST /p HTTP/1.1\r\nidempotency-key: 00000000000000000041\r\nhost: bench\r\n")
        );
        assert_eq!(second, first.replace("0041", "0042"));
    }

    #[test]
    fn requests_are_sent_in_turn() {
        let requests = Requests::new(vec![b"a".to_vec(), b"b".to_vec()]);
        let mut scratch = Vec::new();
        let sent: Vec<u8> = (0..3).map(|_| requests.next(&mut scratch)[0]).collect();
        assert_eq!(sent, b"aba");
    }
}
