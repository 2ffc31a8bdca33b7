//! What the sink says on one connection.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::{Shared, fnv, locked};

const END: &[u8] = b"\r\n.\r\n";

pub(super) async fn listen(listener: TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let open = shared.open.fetch_add(1, Ordering::Relaxed) + 1;
        shared.most_open.fetch_max(open, Ordering::Relaxed);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A caller who leaves, or is killed, ends it.
            let _ = Dialogue::new(stream, &shared).hold().await;
            shared.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

struct Dialogue<'a> {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    shared: &'a Shared,
    /// To whom the letter goes that was announced.
    to: Option<String>,
    /// Whether it is to be deferred when it has been handed over.
    is_deferred: bool,
}

impl<'a> Dialogue<'a> {
    fn new(stream: TcpStream, shared: &'a Shared) -> Self {
        let (reader, writer) = stream.into_split();
        let reader = BufReader::with_capacity(64 << 10, reader);
        Self { reader, writer, shared, to: None, is_deferred: false }
    }

    async fn hold(mut self) -> io::Result<()> {
        self.answer("220 sink\r\n").await?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.reader.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" if self.shared.terms.pipelining => {
                    self.answer("250-sink\r\n250-8BITMIME\r\n250 PIPELINING\r\n").await?;
                }
                "RCPT" => {
                    let answer = self.recipient(&line);
                    self.answer(answer).await?;
                }
                "DATA" if self.to.is_none() => self.answer("503 to whom\r\n").await?,
                "DATA" => {
                    self.answer("354 go on\r\n").await?;
                    let letter = self.letter().await?;
                    let answer = self.take(&letter);
                    self.answer(answer).await?;
                }
                "QUIT" => return self.answer("221 bye\r\n").await,
                _ => {
                    self.to = None;
                    self.answer("250 well\r\n").await?;
                }
            }
        }
    }

    async fn answer(&mut self, text: &str) -> io::Result<()> {
        tokio::time::sleep(self.shared.terms.latency).await;
        self.writer.write_all(text.as_bytes()).await
    }

    fn recipient(&mut self, line: &str) -> &'static str {
        let mailbox = line.split(['<', '>']).nth(1).unwrap_or_default();
        if self.shared.refuses(mailbox) {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            return "550 no such mailbox\r\n";
        }
        // Counted in, so that the next attempt at the same mailbox may fare better.
        let attempt = self.shared.attempts.fetch_add(1, Ordering::Relaxed);
        let chance = fnv(mailbox.bytes().chain(attempt.to_le_bytes()));
        let is_deferred = chance % 100 < self.shared.terms.deferred;
        if is_deferred && chance & 128 == 0 {
            self.shared.deferred.fetch_add(1, Ordering::Relaxed);
            return "451 come back\r\n";
        }
        self.is_deferred = is_deferred;
        self.to = Some(mailbox.to_owned());
        "250 well\r\n"
    }

    /// The letter up to its end; who sends it says no more before the answer.
    async fn letter(&mut self) -> io::Result<Vec<u8>> {
        let mut letter = Vec::with_capacity(64 << 10);
        while !letter.ends_with(END) {
            let piece = self.reader.fill_buf().await?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            letter.extend_from_slice(piece);
            let length = piece.len();
            self.reader.consume(length);
        }
        letter.truncate(letter.len() - END.len());
        Ok(letter)
    }

    fn take(&mut self, letter: &[u8]) -> &'static str {
        let to = self.to.take().unwrap_or_default();
        if self.is_deferred {
            self.shared.deferred.fetch_add(1, Ordering::Relaxed);
            return "451 come back\r\n";
        }
        // Before the answer: who is killed while he waits for it has sent the letter all the same.
        *locked(&self.shared.taken).entry((to, id(letter))).or_default() += 1;
        let mut kept = locked(&self.shared.kept);
        if kept.len() < self.shared.terms.kept {
            kept.push(String::from_utf8_lossy(letter).into_owned());
        }
        "250 taken\r\n"
    }
}

/// The letter's `message-id`.
fn id(letter: &[u8]) -> String {
    let head = String::from_utf8_lossy(&letter[..letter.len().min(4_096)]);
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"));
    let id = line.and_then(|line| line.split(['<', '>']).nth(1));
    id.unwrap_or_default().to_owned()
}
