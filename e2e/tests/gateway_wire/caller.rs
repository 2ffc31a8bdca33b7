//! A caller who writes bytes as they are.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::message::{self, Message};

/// How long the gateway may take to answer, or to close a connection.
const PATIENCE: Duration = Duration::from_secs(15);

/// A connection to the gateway.
pub struct Caller {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Caller {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, bytes: Vec::new() }
    }

    /// Writes bytes; the gateway may have closed the connection before it has read them all.
    pub async fn say(&mut self, bytes: &[u8]) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes)).await;
    }

    /// The next answer but interim ones. `None` when the connection was closed without one.
    pub async fn answer(&mut self, method: &str) -> Result<Option<Message>, String> {
        let mut ended = false;
        loop {
            match message::answer(&self.bytes, method, ended)? {
                Some((answer, length)) => {
                    self.bytes.drain(..length);
                    if !(100..200).contains(&answer.status()) {
                        return Ok(Some(answer));
                    }
                }
                None if ended && self.bytes.is_empty() => return Ok(None),
                None if ended => return Err("the answer breaks off".to_owned()),
                None => ended = !self.read().await?,
            }
        }
    }

    /// Reads answers until the connection is closed.
    pub async fn answers_until_closed(&mut self) -> Result<Vec<Message>, String> {
        let mut answers = Vec::new();
        while let Some(answer) = self.answer("GET").await? {
            answers.push(answer);
        }
        Ok(answers)
    }

    async fn read(&mut self) -> Result<bool, String> {
        let mut piece = [0; 16 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut piece)).await;
        // A reset is an end too: more was on its way than the gateway cared to read.
        let length = read.map_err(|_| "neither an answer nor an end".to_owned())?.unwrap_or(0);
        self.bytes.extend(&piece[..length]);
        Ok(length > 0)
    }
}
