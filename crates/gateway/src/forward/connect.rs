//! A new connection to a target: TCP, then TLS where the target asks for it, then the version both speak.

use std::io;
use std::net::SocketAddr;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, TlsStream};

use super::http1::Http1;
use super::http2::Http2;
use super::stream::Stream;
use crate::config::HttpVersion;

/// A connection that can take a request.
#[derive(Debug)]
pub(super) enum Connection {
    Http1(Http1),
    Http2(Http2),
}

/// Opens a connection. `tls` is given for targets of `https`, with the name they must prove.
pub(super) async fn connect(
    address: SocketAddr,
    tls: Option<(ServerName<'static>, &TlsConnector)>,
    version: HttpVersion,
) -> io::Result<Connection> {
    let stream = TcpStream::connect(address).await?;
    // Requests are written whole: waiting to fill a packet only adds delay.
    stream.set_nodelay(true)?;
    let (stream, agreed) = match tls {
        None => (Stream::Plain(stream), None),
        Some((name, connector)) => {
            let stream = connector.connect(name, stream).await?;
            let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
            (Stream::Tls(Box::new(TlsStream::Client(stream))), agreed)
        }
    };
    let http2 = match version {
        HttpVersion::Http1 => false,
        HttpVersion::Http2 => true,
        HttpVersion::Auto => agreed.as_deref() == Some(b"h2"),
    };
    if http2 {
        Http2::handshake(stream).await.map(Connection::Http2).map_err(io::Error::other)
    } else {
        Ok(Connection::Http1(Http1::new(stream)))
    }
}

/// The protocols offered to targets under TLS, the best first.
pub(crate) fn offered(version: HttpVersion) -> Vec<Vec<u8>> {
    match version {
        HttpVersion::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        HttpVersion::Http1 => vec![b"http/1.1".to_vec()],
        HttpVersion::Http2 => vec![b"h2".to_vec()],
    }
}
