//! An upstream that keeps every byte it is sent and reads it strictly.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::message::{self, Message};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
/// How long an upstream connection may take to be closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers 200 to whatever it can read.
pub struct Recorder {
    pub address: SocketAddr,
    record: Arc<Mutex<Record>>,
}

/// What came since it was last looked at.
#[derive(Debug, Default)]
pub struct Record {
    /// Requests that came whole.
    pub requests: Vec<Message>,
    /// What no two servers need agree on.
    pub faults: Vec<String>,
    /// Beginnings of requests on connections that were closed before the end.
    pub cut_off: Vec<Vec<u8>>,
    /// Connections on which a request has begun that has not ended.
    pub unfinished: usize,
}

impl Recorder {
    /// Listens on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let record = Arc::<Mutex<Record>>::default();
        let kept = Arc::clone(&record);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Self { address, record }
    }

    /// What came since the last time, once no request is half said.
    pub async fn take(&self) -> Record {
        let begun = Instant::now();
        while self.record.lock().unwrap().unfinished > 0 && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut record = self.record.lock().unwrap();
        let unfinished = record.unfinished;
        std::mem::replace(&mut *record, Record { unfinished, ..Record::default() })
    }
}

async fn serve(mut stream: TcpStream, record: Arc<Mutex<Record>>) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let length = stream.read(&mut piece).await.unwrap_or(0);
        let begun = !bytes.is_empty();
        bytes.extend(&piece[..length]);
        let (answers, sound) = note(&mut bytes, begun, length == 0, &mut record.lock().unwrap());
        for _ in 0..answers {
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
        if length == 0 || !sound {
            return;
        }
    }
}

/// Takes whole requests off the bytes; gives their number and whether all could be read.
fn note(bytes: &mut Vec<u8>, begun: bool, ended: bool, record: &mut Record) -> (usize, bool) {
    record.unfinished -= usize::from(begun);
    let mut answers = 0;
    while !bytes.is_empty() {
        match message::request(bytes) {
            Ok(Some((request, length))) => {
                bytes.drain(..length);
                record.requests.push(request);
                answers += 1;
            }
            Ok(None) if ended => {
                record.cut_off.push(std::mem::take(bytes));
            }
            Ok(None) => {
                record.unfinished += 1;
                break;
            }
            Err(fault) => {
                record.faults.push(fault);
                return (answers, false);
            }
        }
    }
    (answers, true)
}
