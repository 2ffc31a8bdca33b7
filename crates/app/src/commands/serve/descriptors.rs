//! Open files: a connection is one, so the process takes as many as it may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Beside connections of callers and to targets: the database, logs, listeners.
const OTHERS: u64 = 256;

/// Raises the soft limit to the hard one. The soft one is low for the sake of programs that use `select`.
pub(super) fn raise_limit(connections: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let needed = connections as u64 * 2 + OTHERS;
    if let Some(allowed) = getrlimit(Resource::Nofile).current
        && allowed < needed
    {
        tracing::warn!(
            allowed,
            needed,
            "fewer files may be open than http.max_connections needs: raise the hard limit (ulimit -Hn)"
        );
    }
}
