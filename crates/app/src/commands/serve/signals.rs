//! The signals that steer a running process.

use std::io;

use comporta_gateway::Gateway;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reload::Reload;
use super::restart::Restart;
use crate::reload::Asked;
use crate::supervisor::Supervisor;

/// Caught from the moment it is made.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    user_defined2: Signal,
}

/// Why a process ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// It was told to.
    Stop,
    /// Another one serves in its place.
    Replaced,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            user_defined2: signal(SignalKind::user_defined2())?,
        })
    }

    /// Waits for SIGTERM or SIGINT, or until another process has taken over after SIGUSR2; meanwhile reads the settings
    /// again on SIGHUP, when a file of theirs changes, and when an operator asks.
    pub(super) async fn until_the_end(
        &mut self,
        reload: &mut Reload<'_>,
        restart: &mut Restart<'_>,
        asked: &mut Asked,
        mut gateway: Option<&mut Gateway>,
        supervisor: &Supervisor,
    ) -> Ending {
        loop {
            let asked = tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.user_defined2.recv() => {
                    restart.begin();
                    continue;
                }
                replaced = restart.ended() => match replaced {
                    true => return Ending::Replaced,
                    false => continue,
                },
                _ = self.hangup.recv() => None,
                () = reload.file_changed() => None,
                asked = asked.next() => Some(asked),
            };
            supervisor.reloading();
            let outcome = reload.now(gateway.as_deref_mut());
            supervisor.ready();
            if let Some(asked) = asked {
                // Who asked may have gone; it was logged.
                let _ = asked.send(outcome);
            }
        }
        restart.call_off().await;
        Ending::Stop
    }
}
