//! Connections to a server, however it is spoken to there.

use std::io;
use std::net::SocketAddr;

use tokio_rustls::TlsConnector;

use super::Answered;
use super::http1::Http1;
use super::http2::Http2;

/// Requests at a time on one HTTP/2 connection.
const STREAMS: usize = 8;

/// Where a load enters.
#[derive(Clone)]
pub(crate) enum Door {
    /// HTTP/1.1, a request at a time on each connection.
    Plain(SocketAddr),
    /// HTTP/2 over TLS, several requests at a time on each connection.
    Secure(SocketAddr, TlsConnector),
}

/// What asks one thing at a time: a connection, or a share of one.
pub(super) enum Connection {
    Http1(Http1),
    Http2(Http2),
}

impl Door {
    /// As many places as may ask at the same time.
    pub(super) async fn open(&self, places: usize) -> io::Result<Vec<Connection>> {
        let mut opened = Vec::with_capacity(places);
        while opened.len() < places {
            match self {
                Self::Plain(address) => opened.push(Connection::Http1(Http1::open(*address).await?)),
                Self::Secure(address, connector) => {
                    let shared = Http2::open(*address, connector).await?;
                    let shares = STREAMS.min(places - opened.len());
                    opened.extend((0..shares).map(|_| Connection::Http2(shared.share())));
                }
            }
        }
        Ok(opened)
    }
}

impl Connection {
    /// Sends a request, as it is written in HTTP/1.1, and reads its answer to the end.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answered> {
        match self {
            Self::Http1(connection) => connection.exchange(request).await,
            Self::Http2(connection) => connection.exchange(request).await,
        }
    }
}
