//! The signals that steer a running process.

use std::io;

use comporta_gateway::Gateway;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reload::Reload;
use crate::reload::Asked;

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

    /// Waits for SIGTERM or SIGINT; meanwhile reads the settings again on SIGHUP, when their file changes, and when an
    /// operator asks.
    pub(super) async fn until_told_to_stop(
        &mut self,
        reload: &mut Reload<'_>,
        asked: &mut Asked,
        mut gateway: Option<&mut Gateway>,
    ) {
        loop {
            let asked = tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => None,
                () = reload.file_changed() => None,
                asked = asked.next() => Some(asked),
            };
            let outcome = reload.now(gateway.as_deref_mut());
            if let Some(asked) = asked {
                // Who asked may have gone; it was logged.
                let _ = asked.send(outcome);
            }
        }
    }
}
