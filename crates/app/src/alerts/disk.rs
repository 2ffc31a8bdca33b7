//! How much of a disk is free. A disk across a network may never answer: it is asked by a thread of its own, one at a
//! time, which holds up neither a look nor the process's end.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(2);

type Free = Option<f64>;

/// A disk, and the question that it has not answered yet.
pub(super) struct Disk {
    ask: fn(&Path) -> Free,
    folder: PathBuf,
    asked: Mutex<Option<oneshot::Receiver<Free>>>,
}

impl Disk {
    /// The disk of a folder.
    pub(super) fn of(folder: PathBuf) -> Self {
        Self { ask: free_share, folder, asked: Mutex::default() }
    }

    /// How much of it is free for us, from 0 to 1; `None` if that cannot be told now.
    pub(super) async fn free(&self) -> Free {
        let mut asked = self.asked.lock().await;
        let is_new = asked.is_none();
        let answer = match &mut *asked {
            Some(answer) => answer,
            none => none.insert(self.ask()?),
        };
        match timeout(PATIENCE, answer).await {
            Ok(free) => {
                *asked = None;
                free.ok().flatten()
            }
            Err(_) => {
                if is_new {
                    tracing::warn!(folder = %self.folder.display(), "the disk does not answer");
                }
                None
            }
        }
    }

    fn ask(&self) -> Option<oneshot::Receiver<Free>> {
        let (ask, folder, (tell, answer)) = (self.ask, self.folder.clone(), oneshot::channel());
        let asking = move || {
            let _ = tell.send(ask(&folder));
        };
        std::thread::Builder::new().name("disk".to_owned()).spawn(asking).ok().map(|_| answer)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn free_share(folder: &Path) -> Free {
    let disk = rustix::fs::statvfs(folder).ok()?;
    (disk.f_blocks > 0).then(|| disk.f_bavail as f64 / disk.f_blocks as f64)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_disk_tells_how_much_is_free_and_one_that_is_not_there_nothing() {
        let free = Disk::of("/".into()).free().await;
        assert!(free.is_some_and(|free| (0.0..=1.0).contains(&free)), "{free:?}");
        assert_eq!(Disk::of("/proc/nowhere".into()).free().await, None);
    }

    #[tokio::test]
    async fn a_disk_that_hangs_is_asked_once_and_answers_when_it_is_back() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        static IS_BACK: Mutex<()> = Mutex::const_new(());
        let ask = |_: &Path| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            let _back = IS_BACK.blocking_lock();
            Some(0.5)
        };
        let disk = Disk { ask, ..Disk::of("/".into()) };
        let hanging = IS_BACK.lock().await;
        let begun = Instant::now();
        assert_eq!((disk.free().await, disk.free().await), (None, None));
        assert!(begun.elapsed() < PATIENCE * 5);
        drop(hanging);
        assert_eq!(disk.free().await, Some(0.5));
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
        assert_eq!(disk.free().await, Some(0.5));
        assert_eq!(ASKED.load(Ordering::Relaxed), 2);
    }
}
