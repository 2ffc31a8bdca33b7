//! The databases' own tools, loading what an import has written into a table like ours.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Engine, Ground};
use crate::Outcome;

/// A database whose boletos are to be loaded once more.
pub(super) enum Peer {
    Postgres { database: String },
    Sqlite { path: PathBuf },
}

impl Peer {
    pub(super) fn new(engine: Engine, database: String, url: &str) -> Self {
        match engine {
            Engine::Postgres => Self::Postgres { database },
            Engine::Sqlite => Self::Sqlite { path: url.trim_start_matches("sqlite:").into() },
        }
    }

    /// How long the tool takes.
    pub(super) fn load(&self, ground: &Ground) -> Outcome<Duration> {
        let rows = ground.folder.join("rows.csv");
        match self {
            Self::Postgres { database } => postgres(ground, database, &rows),
            Self::Sqlite { path } => sqlite(path, &ground.folder.join("peer.db"), &rows),
        }
    }
}

fn postgres(ground: &Ground, database: &str, rows: &Path) -> Outcome<Duration> {
    let psql = |statements: &str| ground.postgres.psql(database, statements);
    psql(&format!("\\copy boleto TO '{}' CSV", rows.display()))?;
    psql("CREATE TABLE peer_boleto (LIKE boleto INCLUDING ALL)")?;
    psql("CHECKPOINT")?;
    let begun = Instant::now();
    psql(&format!("\\copy peer_boleto FROM '{}' CSV", rows.display()))?;
    let took = begun.elapsed();
    psql("DROP TABLE peer_boleto")?;
    Ok(took)
}

/// The shell imports text alone, so the ids, 16 bytes each, are texts of 16 bytes in the same order, and the table is
/// not `STRICT`, which is in its favour. Journal and durability are ours.
fn sqlite(ours: &Path, peer: &Path, rows: &Path) -> Outcome<Duration> {
    let _ = fs::remove_file(peer);
    let table = shell(ours, "SELECT sql FROM sqlite_schema WHERE name = 'boleto';")?;
    let columns = shell(ours, "SELECT group_concat(name) FROM pragma_table_info('boleto');")?;
    let columns: Vec<String> = columns.trim().split(',').map(as_text).collect();
    let export = format!(
        ".mode csv\n.output {}\nSELECT {} FROM boleto ORDER BY rowid;\n",
        rows.display(),
        columns.join(", ")
    );
    shell(ours, &export)?;
    shell(
        peer,
        &format!(
            "PRAGMA journal_mode = wal;\n{};",
            table.replace(") STRICT", ")").trim().trim_end_matches(';')
        ),
    )?;
    let begun = Instant::now();
    shell(peer, &format!("PRAGMA synchronous = full;\n.import --csv {} boleto\n", rows.display()))?;
    let took = begun.elapsed();
    let loaded = shell(peer, "SELECT count(*) FROM boleto;")?;
    if loaded != shell(ours, "SELECT count(*) FROM boleto;")? {
        return Err(format!("the shell loaded {loaded}").into());
    }
    Ok(took)
}

fn as_text(column: &str) -> String {
    match column {
        "id" => "printf('%016d', rowid)".to_owned(),
        "company_id" | "bank_account_id" | "import_id" => "'0123456789abcdef'".to_owned(),
        column => column.to_owned(),
    }
}

fn shell(database: &Path, commands: &str) -> Outcome<String> {
    let mut shell = Command::new("sqlite3");
    let mut child = shell
        .arg("-bail")
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(commands.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() || !output.stderr.is_empty() {
        return Err(format!("sqlite3: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
