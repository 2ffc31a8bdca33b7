//! The usual way: a transaction per entry that inserts it and adds it to that day's row, run by `pgbench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use comporta_neighbours::Postgres;

use crate::Outcome;
use crate::load::{Latencies, latencies};

/// The same columns and indexes as ours; without the foreign key and the triggers, which is in its favour.
const TABLES: &str = "
    CREATE TABLE peer_entry (LIKE entry INCLUDING ALL);
    CREATE TABLE peer_daily_balance (LIKE daily_balance INCLUDING ALL) WITH (fillfactor = 80);";

const TRANSACTION: &str = "\
BEGIN;
INSERT INTO peer_entry (company_id, id, account_id, kind, amount, currency, business_date, occurred_at, recorded_at, description, category) VALUES ('00000000-0000-7000-8000-000000000001', gen_random_uuid(), '00000000-0000-7000-8000-000000000002', 'credit', 15000, 'BRL', current_date, now(), now(), 'Venda no balcão', 'vendas');
INSERT INTO peer_daily_balance AS kept (company_id, account_id, business_date, credits, debits, entries) VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', current_date, 15000, 0, 1) ON CONFLICT (company_id, account_id, business_date) DO UPDATE SET credits = kept.credits + excluded.credits, entries = kept.entries + excluded.entries;
COMMIT;
";

/// The peer on a database that has our tables.
pub(super) struct Peer<'a> {
    postgres: &'a Postgres,
    database: &'a str,
    folder: PathBuf,
}

/// What a run of pgbench told.
pub(super) struct Told {
    pub(super) transactions: u64,
    pub(super) per_second: f64,
    pub(super) latencies: Latencies,
}

impl<'a> Peer<'a> {
    /// Makes the peer's own tables.
    pub(super) fn prepare(postgres: &'a Postgres, database: &'a str, folder: &Path) -> Outcome<Self> {
        postgres.psql(database, TABLES)?;
        let folder = folder.join("peer");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("transaction.sql"), TRANSACTION)?;
        Ok(Self { postgres, database, folder })
    }

    /// Runs the transaction from `clients` connections in a closed loop.
    pub(super) fn run(&self, clients: usize, seconds: u64) -> Outcome<Told> {
        let mut pgbench = Command::new(self.postgres.programs().join("pgbench"));
        pgbench.current_dir(&self.folder);
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--log", "--log-prefix=log"]);
        pgbench.args([
            format!("--client={clients}"),
            format!("--time={seconds}"),
            "--file=transaction.sql".into(),
        ]);
        let output = pgbench.arg(format!("{}?sslmode=disable", self.postgres.url(self.database))).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let after = |words: &str| text.lines().find_map(|line| line.strip_prefix(words)?.split(' ').next());
        let transactions =
            after("number of transactions actually processed: ").ok_or("pgbench told no count")?;
        let per_second = after("tps = ").ok_or("pgbench told no rate")?;
        let latencies = self.take_latencies()?;
        Ok(Told { transactions: transactions.parse()?, per_second: per_second.parse()?, latencies })
    }

    /// The third field of each line of its logs, one per thread, which are then removed.
    fn take_latencies(&self) -> Outcome<Latencies> {
        let mut latencies = latencies()?;
        for file in fs::read_dir(&self.folder)? {
            let path = file?.path();
            if path.extension().is_none_or(|extension| extension == "sql") {
                continue;
            }
            for line in fs::read_to_string(&path)?.lines() {
                let microseconds = line.split(' ').nth(2).ok_or("a log line of pgbench without a latency")?;
                latencies.saturating_record(microseconds.parse()?);
            }
            fs::remove_file(path)?;
        }
        Ok(latencies)
    }
}
