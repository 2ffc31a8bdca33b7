//! Bytes on their way into a store and out of it: compressed, encrypted, counted, in bounded memory.
//!
//! What compresses and encrypts blocks, so it runs on a thread of its own and hands pieces over by a channel.

use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use futures_util::stream;
use ring::digest::{Context, SHA256};
use tokio::sync::{mpsc, oneshot};

use crate::cipher::{Opener, Sealer};
use crate::model::Key;

/// Bytes handed over at once.
const PIECE: usize = 256 * 1024;
/// Pieces on their way.
const PIECES: usize = 4;

/// The key of a file, with a salt nobody used before.
pub(crate) struct Seal {
    pub(crate) key: Key,
    pub(crate) salt: [u8; 32],
}

/// What was handed over, once all of it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) size: u64,
    /// Bytes of the source.
    pub(crate) unpacked: u64,
    pub(crate) sha256: String,
}

type Outgoing = Result<Bytes, io::Error>;

/// What a source gives, as it is to be kept. The sum comes when the stream has ended well; a source that fails
/// ends the stream with its failure.
pub(crate) fn pack<R: Read + Send + 'static>(
    source: R,
    seal: Option<Seal>,
    name: &str,
) -> (impl futures_util::Stream<Item = Outgoing> + Send + use<R>, oneshot::Receiver<Sum>) {
    let (pieces, taken) = mpsc::channel::<Outgoing>(PIECES);
    let (tell, sum) = oneshot::channel();
    let name = name.to_owned();
    tokio::task::spawn_blocking(move || match pack_into(source, seal, &name, &pieces) {
        // Whoever waited may have gone: then nothing was kept, and nobody is to be told.
        Ok(sum) => drop(tell.send(sum)),
        Err(error) => drop(pieces.blocking_send(Err(error))),
    });
    let taken = stream::unfold(taken, |mut taken| async move { Some((taken.recv().await?, taken)) });
    (Box::pin(taken), sum)
}

fn pack_into(
    mut source: impl Read,
    seal: Option<Seal>,
    name: &str,
    pieces: &mpsc::Sender<Outgoing>,
) -> io::Result<Sum> {
    let out = Outlet { pieces, piece: Vec::with_capacity(PIECE), hash: Context::new(&SHA256), size: 0 };
    let unpacked;
    let out = match seal {
        None => {
            let mut gzip = GzEncoder::new(out, Compression::fast());
            unpacked = io::copy(&mut source, &mut gzip)?;
            gzip.finish()?
        }
        Some(Seal { key, salt }) => {
            let mut gzip = GzEncoder::new(Sealer::begin(out, &key, &salt, name)?, Compression::fast());
            unpacked = io::copy(&mut source, &mut gzip)?;
            gzip.finish()?.finish()?
        }
    };
    out.finish(unpacked)
}

/// What was kept, as the source gave it.
pub(crate) fn unpack<R: Read + Send + 'static>(
    kept: R,
    key: Option<&Key>,
    name: &str,
) -> io::Result<Box<dyn Read + Send>> {
    Ok(match key {
        None => Box::new(MultiGzDecoder::new(kept)),
        Some(key) => Box::new(MultiGzDecoder::new(Opener::open(kept, key, name)?)),
    })
}

/// Whether a failure to read is of what was read, rather than of the disk or of who reads.
pub(crate) fn is_of_the_bytes(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

/// Counts what is written, and hands it over in pieces.
struct Outlet<'a> {
    pieces: &'a mpsc::Sender<Outgoing>,
    piece: Vec<u8>,
    hash: Context,
    size: u64,
}

impl Outlet<'_> {
    fn hand_over(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.hash.update(&piece);
        self.size += piece.len() as u64;
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn finish(mut self, unpacked: u64) -> io::Result<Sum> {
        self.hand_over()?;
        Ok(Sum { size: self.size, unpacked, sha256: hex::encode(self.hash.finish()) })
    }
}

impl Write for Outlet<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use comporta_kernel::Secret;
    use futures_util::{StreamExt as _, TryStreamExt as _};

    use super::*;

    struct Breaks;

    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the program failed"))
        }
    }

    #[tokio::test]
    async fn what_was_packed_is_unpacked_and_its_sum_is_right() {
        let plain: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let key = Key::of(&Secret::new("k".repeat(32)));
        for seal in [None, Some(Seal { key, salt: [1; 32] })] {
            let key = seal.as_ref().map(|seal| seal.key.clone());
            let (stream, sum) = pack(io::Cursor::new(plain.clone()), seal, "x");
            let kept = stream.try_collect::<Vec<Bytes>>().await.unwrap().concat();
            let sha256 = hex::encode(ring::digest::digest(&SHA256, &kept));
            let wanted = Sum { size: kept.len() as u64, unpacked: plain.len() as u64, sha256 };
            assert_eq!(sum.await.unwrap(), wanted);
            let mut back = Vec::new();
            unpack(io::Cursor::new(kept), key.as_ref(), "x").unwrap().read_to_end(&mut back).unwrap();
            assert!(back == plain);
        }
    }

    #[tokio::test]
    async fn a_source_that_breaks_ends_the_stream_with_its_failure_and_gives_no_sum() {
        let (stream, sum) = pack(io::Cursor::new(vec![1_u8; 9_000_000]).chain(Breaks), None, "x");
        let last = stream.collect::<Vec<_>>().await.pop().unwrap();
        assert_eq!(last.unwrap_err().to_string(), "the program failed");
        assert!(sum.await.is_err());
    }
}
