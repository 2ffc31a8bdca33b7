//! A writer that gathers request lines and hands them on a few times a second: one system call for many requests.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How old a line may get before it is handed on.
const EVERY: Duration = Duration::from_millis(100);
/// Bytes gathered at most: whoever writes the line that fills it hands all of it on.
const ROOM: usize = 64 * 1024;

/// Lines on their way to `out`. Clones share one buffer.
#[derive(Clone)]
pub(super) struct Buffered(Arc<Mutex<Lines>>);

struct Lines {
    gathered: Vec<u8>,
    out: Box<dyn Write + Send>,
}

impl Buffered {
    /// Gathers lines for `out`, and hands them on from a thread of its own until every other clone is gone.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let lines = Arc::new(Mutex::new(Lines { gathered: Vec::with_capacity(ROOM), out: Box::new(out) }));
        let watched = Arc::downgrade(&lines);
        std::thread::Builder::new().name("access-log".into()).spawn(move || {
            while let Some(lines) = watched.upgrade() {
                Self(lines).hand_on();
                std::thread::sleep(EVERY);
            }
        })?;
        Ok(Self(lines))
    }

    /// Hands on what was gathered: for the end of the process, too.
    pub(super) fn hand_on(&self) {
        self.lock().hand_on();
    }

    /// Takes a line; whoever fills the buffer hands it on.
    pub(super) fn take(&self, line: &[u8]) {
        let mut lines = self.lock();
        lines.gathered.extend_from_slice(line);
        if lines.gathered.len() >= ROOM {
            lines.hand_on();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn hand_on(&mut self) {
        if !self.gathered.is_empty() {
            // A log that cannot be written has nowhere to say so.
            let _ = self.out.write_all(&self.gathered).and_then(|()| self.out.flush());
            self.gathered.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<usize>>>);

    impl Write for Seen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn many_lines_are_one_write_and_none_is_lost() {
        let seen = Seen::default();
        let buffered = Buffered::start(seen.clone()).unwrap();
        for _ in 0..10_000 {
            buffered.take(b"a line of twenty byt");
        }
        buffered.hand_on();
        let writes = seen.0.lock().unwrap().clone();
        assert_eq!(writes.iter().sum::<usize>(), 200_000);
        assert!(writes.len() < 40, "{}", writes.len());
    }
}
