//! `cargo xtask drill`: the database is lost and brought back; how long that takes, and how much is gone.

mod copied;
mod dump;
mod file;
mod load;
mod point_in_time;

use std::fs;
use std::path::PathBuf;

use comporta_neighbours::target;
use comporta_testkit::{Server, Setup};
use serde_json::Value;

use crate::Outcome;
use crate::report::{Bar, Section};

/// Seconds between a crash and the newest entry that is back, with the log archived.
const RPO: f64 = 5.0;
/// What an operator may expect of a restore at the full size, in seconds.
const RTO: f64 = 1800.0;

/// How much is lost and brought back. Small unless told; `--full` is the size of acceptance.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Entries before the backup
    #[arg(long, env = "COMPORTA_DRILL_ENTRIES", default_value_t = 20_000)]
    entries: usize,
    /// Boletos before the backup
    #[arg(long, env = "COMPORTA_DRILL_BOLETOS", default_value_t = 2_000)]
    boletos: usize,
    /// A million entries and a hundred thousand boletos
    #[arg(long)]
    full: bool,
    /// sqlite, dump or base; all of them unless told
    #[arg(long, env = "COMPORTA_DRILL_ONLY")]
    only: Option<String>,
    /// The program to drill with [default: the one of profile dist]
    #[arg(long, env = "COMPORTA_DRILL_BINARY")]
    binary: Option<PathBuf>,
}

/// What a drill of one kind has to go by.
pub(crate) struct Ground {
    entries: usize,
    boletos: usize,
    binary: PathBuf,
    folder: tempfile::TempDir,
}

pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let (entries, boletos) =
        if arguments.full { (1_000_000, 100_000) } else { (arguments.entries, arguments.boletos) };
    let mut section = Section {
        name: "drill".to_owned(),
        how: format!("{entries} entries and {boletos} boletos, backed up, lost, and brought back"),
        rows: Vec::new(),
        bars: Vec::new(),
    };
    let wanted = |kind: &str| arguments.only.as_deref().is_none_or(|only| only == kind);
    let binary = arguments.binary.clone().unwrap_or_else(|| target().join("dist/comporta"));
    let binary = fs::canonicalize(binary)?;
    let ground =
        || tempfile::tempdir().map(|folder| Ground { entries, boletos, binary: binary.clone(), folder });
    if wanted("sqlite") {
        let row = file::drill(&ground()?).await?;
        section.bars.push(Bar::at_most("RTO on SQLite, seconds", RTO, row.figures.get(RTO_S)));
        section.rows.push(row);
    }
    if wanted("dump") {
        let row = dump::drill(&ground()?).await?;
        section.bars.push(Bar::at_most("RTO on PostgreSQL by a dump, seconds", RTO, row.figures.get(RTO_S)));
        section.rows.push(row);
    }
    if wanted("base") {
        for row in point_in_time::drill(&ground()?).await? {
            let what = format!("RTO, {}, seconds", row.name());
            section.bars.push(Bar::at_most(what, RTO, row.figures.get(RTO_S)));
            section.bars.push(Bar::at_most(
                format!("RPO, {}, seconds", row.name()),
                RPO,
                row.figures.get(RPO_S),
            ));
            section.rows.push(row);
        }
    }
    println!("{section}");
    if section.reached() { Ok(()) } else { Err("not brought back as it must be".into()) }
}

pub(crate) const RTO_S: &str = "RTO s";
pub(crate) const RPO_S: &str = "RPO s";

/// Runs `comporta backup …` of a setup, and gives what it printed.
async fn backup(setup: &mut Setup, arguments: &[&str]) -> Outcome<Value> {
    let output = setup.run(&[&["backup"], arguments, &["--json"]].concat())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Recomputes every balance.
fn verify_ledger(server: &Server) -> Outcome {
    let output = server.command(&["ledger", "verify"]).output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

/// A number that must be another.
fn same(what: &str, wanted: impl ToString, found: &Value) -> Outcome {
    let (wanted, found) =
        (wanted.to_string(), found.as_str().map_or_else(|| found.to_string(), str::to_owned));
    if wanted == found { Ok(()) } else { Err(format!("{what}: {wanted} expected, {found} found").into()) }
}
