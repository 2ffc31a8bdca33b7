//! One keep-alive HTTP/1.1 connection that asks one thing at a time.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Answered;

const HEADERS: usize = 32;
/// Room for a head and a small body.
const SMALL: usize = 8 * 1024;
/// Large bodies are read, and thrown away, in pieces of this size.
const PIECE: usize = 64 * 1024;

/// A connection; its answers carry `content-length`.
pub(super) struct Http1 {
    stream: TcpStream,
    buffer: Vec<u8>,
}

struct Head {
    status: u16,
    length: usize,
    body: usize,
}

impl Http1 {
    pub(super) async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(SMALL) })
    }

    /// Sends a request and reads its answer to the end.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> std::io::Result<Answered> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read_more().await?;
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
        };
        let mut left = (head.body + head.length).saturating_sub(self.buffer.len());
        while left > 0 {
            self.buffer.clear();
            self.buffer.reserve(left.min(PIECE));
            self.read_more().await?;
            left = left.saturating_sub(self.buffer.len());
        }
        Ok(Answered { status: head.status, length: head.length })
    }

    async fn read_more(&mut self) -> std::io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn parse_head(bytes: &[u8]) -> std::io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    let httparse::Status::Complete(body) = parsed else { return Ok(None) };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    let missing = || Error::new(ErrorKind::InvalidData, "an answer without content-length");
    let length = length.ok_or_else(missing)?;
    Ok(Some(Head { status: response.code.unwrap_or_default(), length, body }))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn answers_in_pieces_are_read_to_their_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 18];
            let large = "x".repeat(3 * PIECE);
            let large_head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", large.len());
            let small = ["HTTP/1.1 201 Crea", "ted\r\nContent-Length: 5\r\n\r\n12", "345"];
            for pieces in [&small[..], &[large_head.as_str(), large.as_str()]] {
                stream.read_exact(&mut asked).await.unwrap();
                for piece in pieces {
                    stream.write_all(piece.as_bytes()).await.unwrap();
                    stream.flush().await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
            stream
        });
        let mut connection = Http1::open(address).await.unwrap();
        for wanted in [Answered { status: 201, length: 5 }, Answered { status: 200, length: 3 * PIECE }] {
            assert_eq!(connection.exchange(b"GET / HTTP/1.1\r\n\r\n").await.unwrap(), wanted);
        }
        drop(server.await.unwrap());
        assert!(connection.exchange(b"GET / HTTP/1.1\r\n\r\n").await.is_err());
    }
}
