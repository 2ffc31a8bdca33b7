//! A restart while requests pass: SIGUSR2 starts the program again, and this process leaves once the new one serves.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::doors::Doors;
use crate::handover::{Failure, Patience, Program, Successor};
use crate::settings::HttpSettings;
use crate::supervisor::Supervisor;

/// The first process of a container: when it ends, so does everything in it, whoever took over.
const FIRST: u32 = 1;

/// What a restart needs, and the one under way.
pub(super) struct Restart<'a> {
    program: &'a Program,
    doors: &'a Doors,
    supervisor: &'a Supervisor,
    patience: Patience,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    pid: u32,
    ready: JoinHandle<Result<Duration, Failure>>,
    call_off: CancellationToken,
}

impl<'a> Restart<'a> {
    pub(super) fn new(
        program: &'a Program,
        doors: &'a Doors,
        supervisor: &'a Supervisor,
        http: &HttpSettings,
    ) -> Self {
        let patience =
            Patience { start: http.restart_timeout.duration(), end: http.shutdown_grace.duration() };
        Self { program, doors, supervisor, patience, under_way: None }
    }

    /// Starts the program again, unless that has begun.
    pub(super) fn begin(&mut self) {
        if let Some(UnderWay { pid, .. }) = &self.under_way {
            tracing::warn!(child = pid, "a restart was asked for while another is under way");
            return;
        }
        if std::process::id() == FIRST {
            tracing::warn!(
                "a restart was asked for and refused: this is the first process of a container, which ends with it. Replace the container"
            );
            return;
        }
        let program = self.program.path().display();
        tracing::info!(%program, "a restart was asked for");
        match Successor::start(self.program, self.doors, self.patience) {
            Ok(successor) => {
                let (pid, call_off) = (successor.pid(), CancellationToken::new());
                tracing::info!(child = pid, "the new process was started");
                let ready = tokio::spawn(successor.ready(call_off.clone()));
                self.under_way = Some(UnderWay { pid, ready, call_off });
            }
            Err(error) => {
                tracing::error!(%error, %program, "the program cannot be started: this process goes on");
            }
        }
    }

    /// Waits for the end of the restart under way; for ever if there is none. Gives whether the new process serves.
    pub(super) async fn ended(&mut self) -> bool {
        let Some(UnderWay { pid, ready, .. }) = &mut self.under_way else {
            return std::future::pending().await;
        };
        let (outcome, child) = (ready.await, *pid);
        self.under_way = None;
        match outcome {
            Ok(Ok(took)) => {
                let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(child, milliseconds, "the new process serves");
                self.supervisor.replaced_by(child);
                return true;
            }
            Ok(Err(failure)) => {
                tracing::error!(child, %failure, "the new process does not serve: this one goes on");
            }
            Err(error) => tracing::error!(child, %error, "the restart came to nothing: this process goes on"),
        }
        false
    }

    /// Ends a new process that does not serve yet, for this one ends without it.
    pub(super) async fn call_off(&mut self) {
        if let Some(UnderWay { call_off, .. }) = &self.under_way {
            call_off.cancel();
            if self.ended().await {
                tracing::warn!("the new process was ready already: it stays");
            }
        }
    }
}
