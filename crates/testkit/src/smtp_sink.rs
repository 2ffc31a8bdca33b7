//! A mail server that takes its time, has its moods, and remembers who got what.

mod dialogue;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// How a mail server behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct SmtpTerms {
    /// How long each answer takes.
    pub latency: Duration,
    /// Of a hundred attempts, how many are told to come back (451): half of them after the letter was handed over.
    pub deferred: u64,
    /// Of a hundred mailboxes, how many do not exist (550).
    pub refused: u64,
    /// Whether it takes commands in advance (RFC 2920).
    pub pipelining: bool,
    /// So many letters, the first, are kept as they came.
    pub kept: usize,
}

/// A mail server of the tests, on a thread of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// To whom, and the letter's id.
pub type Delivered = (String, String);

#[derive(Debug, Default)]
struct Shared {
    terms: SmtpTerms,
    /// How often each letter was taken.
    taken: Mutex<BTreeMap<Delivered, u32>>,
    kept: Mutex<Vec<String>>,
    attempts: AtomicUsize,
    deferred: AtomicUsize,
    refused: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl SmtpSink {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When there is no port, or no thread.
    pub fn start(terms: SmtpTerms) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { terms, ..Shared::default() });
        let (stop, stopped) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("smtp sink".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = dialogue::listen(listener, serving) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it is, as `mail.url` wants it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}?tls=none", self.address)
    }

    /// How often each letter was taken.
    #[must_use]
    pub fn taken(&self) -> BTreeMap<Delivered, u32> {
        locked(&self.shared.taken).clone()
    }

    /// Letters taken, the repeated ones too.
    #[must_use]
    pub fn count(&self) -> usize {
        locked(&self.shared.taken).values().map(|&times| times as usize).sum()
    }

    /// The first letters, as they came.
    #[must_use]
    pub fn kept(&self) -> Vec<String> {
        locked(&self.shared.kept).clone()
    }

    /// Attempts that were told to come back, and those that were told never to.
    #[must_use]
    pub fn turned_away(&self) -> (usize, usize) {
        (self.shared.deferred.load(Ordering::Relaxed), self.shared.refused.load(Ordering::Relaxed))
    }

    /// Most connections that were open at once.
    #[must_use]
    pub fn most_connections(&self) -> usize {
        self.shared.most_open.load(Ordering::Relaxed)
    }

    /// Whether a mailbox does not exist.
    #[must_use]
    pub fn refuses(&self, mailbox: &str) -> bool {
        self.shared.refuses(mailbox)
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn refuses(&self, mailbox: &str) -> bool {
        fnv(mailbox.bytes()) % 100 < self.terms.refused
    }
}

/// Even enough for shares of a hundred, and the same in each run.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash ^ (hash >> 32)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
