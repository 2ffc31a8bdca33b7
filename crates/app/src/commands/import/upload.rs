//! A file on its way to a server, read as it is sent.

use std::fs::File;
use std::io::{self, Read as _};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use reqwest::Body;
use tokio::sync::mpsc;

use super::progress::Progress;
use super::{Import, ImportArgs, ImportError, Server, read};

/// Bytes of the file that are read at once.
const PIECE: usize = 256 * 1024;
/// Pieces that wait to be sent.
const AHEAD: usize = 4;

/// Sends the file; gives the import that it became.
pub(super) async fn send(
    server: &Server<'_>,
    args: &ImportArgs,
    progress: &mut Progress,
) -> Result<Import, ImportError> {
    let unreadable = |source| ImportError::File { path: args.file.clone(), source };
    let file = File::open(&args.file).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let url = server.at("/v1/boleto-imports", Some(&format!("documents={}", args.documents)));
    let (body, mut sent) = read_ahead(file);
    let request = server.client.post(url).header("x-api-key", &server.key).header("content-type", "text/csv");
    let answer = request.body(body).send();
    tokio::pin!(answer);
    let mut bytes = 0;
    loop {
        tokio::select! {
            answer = &mut answer => return read(answer.map_err(ImportError::Silent)?).await,
            Some(more) = sent.recv() => {
                bytes += more;
                progress.show("sent", bytes, size);
            }
        }
    }
}

/// The file's pieces, read by a thread of their own, and the size of each as it goes.
fn read_ahead(mut file: File) -> (Body, mpsc::UnboundedReceiver<u64>) {
    let (pieces, waiting) = mpsc::channel(AHEAD);
    let (told, sent) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Some(piece) = next(&mut file) {
            let length = piece.as_ref().map_or(0, Bytes::len);
            // Whoever has stopped sending asks for no more.
            if pieces.blocking_send(piece.map(Frame::data)).is_err() {
                return;
            }
            let _ = told.send(length as u64);
        }
    });
    let pieces =
        futures_util::stream::unfold(
            waiting,
            |mut waiting| async move { Some((waiting.recv().await?, waiting)) },
        );
    (Body::wrap(StreamBody::new(pieces)), sent)
}

/// The next piece, `None` behind the last.
fn next(file: &mut File) -> Option<io::Result<Bytes>> {
    let mut piece = vec![0; PIECE];
    match file.read(&mut piece) {
        Ok(0) => None,
        Ok(length) => {
            piece.truncate(length);
            Some(Ok(piece.into()))
        }
        Err(error) => Some(Err(error)),
    }
}
