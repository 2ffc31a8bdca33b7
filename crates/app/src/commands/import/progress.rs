//! One line on the terminal that tells how far something has come; nothing where nobody looks.

use std::io::{self, IsTerminal as _, Write as _};

const WIDTH: u64 = 30;

/// The line.
pub(super) struct Progress {
    is_seen: bool,
    shown: Option<(&'static str, u64)>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_seen: io::stderr().is_terminal(), shown: None }
    }

    /// Shows how much of all is done, if that is another per mille than before.
    pub(super) fn show(&mut self, what: &'static str, done: u64, all: u64) {
        let share = done.saturating_mul(1000) / all.max(1);
        if !self.is_seen || self.shown == Some((what, share)) {
            return;
        }
        self.shown = Some((what, share));
        let full = (share * WIDTH / 1000).min(WIDTH);
        let bar: String = (0..WIDTH).map(|at| if at < full { '#' } else { '.' }).collect();
        // Whether it is seen makes no difference to what is done.
        let _ = write!(io::stderr(), "\r[{bar}] {:3}.{} % {what:<12}", share / 10, share % 10);
    }

    /// Leaves the line.
    pub(super) fn end(&self) {
        if self.shown.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}
