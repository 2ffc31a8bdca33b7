//! HTTP/2 by hand: frames (RFC 9113) and header blocks (RFC 7541) that no library would write.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const ACK: u8 = 0x1;

const PATIENCE: Duration = Duration::from_secs(15);

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an answer, whole or not.
    Answered(u16),
    /// Reset, or the connection closed.
    Refused,
}

/// A connection by prior knowledge.
pub struct Http2 {
    stream: TcpStream,
}

impl Http2 {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::connect_with(address, &[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await
    }

    /// Begins with these bytes.
    pub async fn connect_with(address: SocketAddr, preface: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(preface).await.unwrap();
        Self { stream }
    }

    /// Writes frames; the gateway may have closed the connection before it has read them all.
    pub async fn say(&mut self, frames: &[u8]) {
        let _ = self.stream.write_all(frames).await;
    }

    /// How a stream ends.
    pub async fn end_of(&mut self, stream: u32) -> End {
        timeout(PATIENCE, self.read_to_end_of(stream)).await.expect("neither an answer nor an end")
    }

    async fn read_to_end_of(&mut self, stream: u32) -> End {
        let mut status = None;
        loop {
            let Some((kind, flags, of, payload)) = self.frame().await else { return End::Refused };
            match kind {
                SETTINGS if flags & ACK == 0 => self.say(&frame(SETTINGS, ACK, 0, &[])).await,
                GOAWAY => return End::Refused,
                RST_STREAM if of == stream => return status.map_or(End::Refused, End::Answered),
                HEADERS if of == stream => status = status.or(Some(status_of(&payload))),
                _ => {}
            }
            if let (DATA | HEADERS, true, Some(status)) =
                (kind, flags & END_STREAM != 0 && of == stream, status)
            {
                return End::Answered(status);
            }
        }
    }

    async fn frame(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((kind, flags, u32::from_be_bytes(id), payload))
    }
}

/// The frames of a request: a block of headers, pieces of a body, trailers.
pub fn request(
    stream: u32,
    headers: &[(&str, &str)],
    body: &[&str],
    trailers: Option<&[(&str, &str)]>,
) -> Vec<u8> {
    let ends = body.is_empty() && trailers.is_none();
    let mut frames = frame(HEADERS, END_HEADERS | if ends { END_STREAM } else { 0 }, stream, &block(headers));
    for (index, piece) in body.iter().enumerate() {
        let last = trailers.is_none() && index + 1 == body.len();
        frames.extend(frame(DATA, if last { END_STREAM } else { 0 }, stream, piece.as_bytes()));
    }
    if let Some(trailers) = trailers {
        frames.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(trailers)));
    }
    frames
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Every name and value as it is: literals that are not indexed (RFC 7541, 6.2.2), a byte for each character.
fn block(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        for text in [name, value] {
            let bytes: Vec<u8> = text.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
            // The length is a number with a prefix of seven bits.
            match u8::try_from(bytes.len()) {
                Ok(length @ ..127) => block.push(length),
                _ => {
                    let mut rest = bytes.len() - 127;
                    block.push(127);
                    while rest >= 128 {
                        block.push((rest % 128 + 128) as u8);
                        rest /= 128;
                    }
                    block.push(rest as u8);
                }
            }
            block.extend(bytes);
        }
    }
    block
}

/// The status of a block, which begins with it: by its index in the static table, or as a literal of three digits,
/// plain or in the code of appendix B.
fn status_of(block: &[u8]) -> u16 {
    // A change of the dynamic table's size may stand before.
    let block = &block[block.iter().position(|byte| byte >> 5 != 1).unwrap()..];
    match *block {
        [index @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(index - 0x88)],
        [_, 3, a, b, c, ..] => {
            [a, b, c].iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'))
        }
        [_, length, ref coded @ ..] if length & 0x80 != 0 => {
            let bits = coded.iter().take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
            let bits = bits << (8 * (4 - coded.len().min(4)));
            digits(bits)
        }
        _ => panic!("no status: {block:?}"),
    }
}

/// Three digits in the code of RFC 7541, appendix B: 0 to 2 have five bits, the others six.
fn digits(mut bits: u32) -> u16 {
    let mut number = 0;
    for _ in 0..3 {
        let (digit, length) = match bits >> 27 {
            digit @ 0..=2 => (digit, 5),
            _ => ((bits >> 26) - 0x19 + 3, 6),
        };
        number = number * 10 + digit as u16;
        bits <<= length;
    }
    number
}

#[test]
fn statuses_are_read_in_all_three_spellings() {
    assert_eq!(status_of(&[0x88]), 200);
    assert_eq!(status_of(&[0x48, 3, b'4', b'0', b'1']), 401);
    // RFC 7541, C.6.1 and C.6.2.
    assert_eq!(status_of(&[0x48, 0x82, 0x64, 0x02]), 302);
    assert_eq!(status_of(&[0x48, 0x83, 0x64, 0x0e, 0xff]), 307);
}
