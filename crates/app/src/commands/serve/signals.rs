//! The signals that steer a running process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reload::Reload;

/// Caught from the moment it is made.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for SIGTERM or SIGINT; meanwhile reads the settings again on SIGHUP and when their file changes.
    pub(super) async fn until_told_to_stop(&mut self, reload: &mut Reload<'_>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => reload.now(),
                () = reload.file_changed() => reload.now(),
            }
        }
    }
}
