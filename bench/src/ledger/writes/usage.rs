//! What a round cost the machine: syncs and processor time.

use std::time::Duration;

use comporta_testkit::Server;

use crate::ledger::{Engine, Ground};
use crate::report::Figures;
use crate::{Outcome, cpu};

/// A backend adds its own count when its client has gone.
const GOODBYE: Duration = Duration::from_millis(300);

/// Syncs of PostgreSQL's log at the beginning of a round; SQLite counts none.
pub(super) struct Syncs(Option<f64>);

impl Syncs {
    /// Checkpoints first: nobody pays for the pages that another contender left dirty.
    pub(super) fn begin(ground: &Ground<'_>, engine: Engine) -> Outcome<Self> {
        if engine == Engine::Sqlite {
            return Ok(Self(None));
        }
        ground.postgres.psql("postgres", "CHECKPOINT")?;
        Ok(Self(Some(count(ground)?)))
    }

    /// Syncs per entry since, all of the server's, whoever asked for them.
    pub(super) fn end(self, ground: &Ground<'_>, entries: f64) -> Outcome<Option<f64>> {
        std::thread::sleep(GOODBYE);
        self.0.map(|begun| Ok((count(ground)? - begun) / entries)).transpose()
    }
}

fn count(ground: &Ground<'_>) -> Outcome<f64> {
    let version: u32 = ground.postgres.psql("postgres", "SHOW server_version_num")?.trim().parse()?;
    let query = match version {
        ..180_000 => "SELECT wal_sync FROM pg_stat_wal",
        _ => "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'",
    };
    Ok(ground.postgres.psql("postgres", query)?.trim().parse()?)
}

/// Processor time of the three that share the machine.
pub(super) struct Usage {
    client: Duration,
    server: Option<Duration>,
    database: Option<Duration>,
}

impl Usage {
    /// Until now; without a server the client is `pgbench`, our child.
    pub(super) fn now(ground: &Ground<'_>, engine: Engine, server: Option<&Server>) -> Self {
        let client = server.map_or_else(cpu::of_ended_children, |_| cpu::of(std::process::id()));
        let server = server.map(|server| cpu::of(server.pid()));
        Self { client, server, database: ground.database_pid(engine).map(cpu::of_family) }
    }

    pub(super) fn since(self, before: &Self) -> Self {
        let difference = |now: Option<Duration>, then: Option<Duration>| Some(now? - then?);
        Self {
            client: self.client - before.client,
            server: difference(self.server, before.server),
            database: difference(self.database, before.database),
        }
    }

    /// Adds what each used per entry, in microseconds.
    pub(super) fn per(self, entries: f64, figures: Figures) -> Figures {
        let each = |used: Duration| used.as_secs_f64() * 1e6 / entries;
        let figures = figures.with("client_cpu_us", each(self.client));
        let figures = figures.with("server_cpu_us", self.server.map_or(0.0, each));
        figures.with_some("database_cpu_us", self.database.map(each))
    }
}
