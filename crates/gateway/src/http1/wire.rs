//! The bytes of a connection: its stream, and what has been read of it ahead.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio_util::io::poll_read_buf;

use super::sending::Outlet;
use crate::forward::Stream;

/// Room for a first read, in bytes. A usual message is smaller; what is used over and over stays in the processor's cache.
const ROOM: usize = 2 * 1024;
/// Most room that a long message gets: what HTTP/2 lets a stream send ahead, too. Each read and its write wake the other
/// side, which costs more than they copy: with 64 KiB a megabyte takes half as much again. More than this gains little.
const MOST_ROOM: usize = 256 * 1024;

/// A stream with a buffer in front of it.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    /// Read, but not looked at.
    pub(crate) ahead: BytesMut,
    /// How much room the next buffer has: more after reads that filled theirs.
    room: usize,
}

impl Wire {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, ahead: BytesMut::new(), room: ROOM }
    }

    /// Reads more, in one system call: how much came, 0 at the end.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let left = self.ahead.capacity() - self.ahead.len();
        if left < self.room / 2 {
            // The old buffer is used again, unless some of it is still on its way to a caller.
            self.ahead.reserve(self.room);
        }
        let room = self.ahead.capacity() - self.ahead.len();
        let read = poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.ahead);
        if let Poll::Ready(Ok(length)) = read
            && length == room
        {
            self.room = (self.room * 2).min(MOST_ROOM);
        }
        read
    }

    /// Whether nothing has come, neither bytes nor an end. Costs no system call while the kernel has told of nothing.
    pub(crate) fn is_silent(&mut self, cx: &mut Context<'_>) -> bool {
        let mut byte = [0];
        let mut into = ReadBuf::new(&mut byte);
        self.ahead.is_empty() && Pin::new(&mut self.stream).poll_read(cx, &mut into).is_pending()
    }

    /// Gives the buffer's memory back; nothing may be in it.
    pub(crate) fn rest(&mut self) {
        (self.ahead, self.room) = (BytesMut::new(), ROOM);
    }

    /// Says that nothing more is written.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    pub(crate) fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.ahead)
    }
}

impl Outlet for Wire {
    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: [&[u8]; 3]) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let written = match pieces {
            [piece, [], []] | [[], piece, []] => stream.poll_write(cx, piece),
            pieces => stream.poll_write_vectored(cx, &pieces.map(IoSlice::new)),
        };
        match written {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => written,
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
}
