//! `bench boletos`: a file of a million debts from POST to completed, beside what the databases' own tools take to load
//! the finished rows.

mod file;
mod peer;
mod run;

use std::fs;
use std::path::PathBuf;

use comporta_neighbours::{Options, Postgres, target};

use crate::Outcome;
use crate::machine::Machine;
use crate::report::{Bar, Figures, Report, Row, Section};
use file::DebtFile;
use run::{ENTRY_MS, MEMORY_MIB, Run, SECONDS};

/// What to measure.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Rows of the file
    #[arg(long, default_value_t = 1_100_000)]
    rows: u64,
    /// Rounds of each engine; medians are told
    #[arg(long, default_value_t = 1)]
    rounds: u64,
    /// Leave out the file of twice the rows
    #[arg(long)]
    once: bool,
    /// Only this engine
    #[arg(long, value_enum)]
    only: Option<Engine>,
    /// The program to measure [default: the one of profile dist]
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// The database under a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Engine {
    Postgres,
    Sqlite,
}

/// What every case stands on.
struct Ground {
    binary: PathBuf,
    folder: PathBuf,
    postgres: Postgres,
}

/// Measures what was asked for, prints it, and writes `boletos.json`. Missing a bar is no failure.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let home = target().join("bench");
    let folder = home.join("run-boletos");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let binary = arguments.binary.clone().unwrap_or_else(|| target().join("dist/comporta"));
    // Its own defaults: synchronous_commit and fsync are on.
    let postgres = Postgres::start(&Options::durable())?;
    let ground = Ground { binary: fs::canonicalize(binary)?, folder, postgres };
    let server = ground.postgres.programs().join("postgres");
    let machine =
        Machine::look(&ground.binary, &[(&server, "--version"), ("sqlite3".as_ref(), "--version")])?;
    let machine = machine.with_disk(&ground.folder)?;
    println!("{machine}");
    let mut report = Report { machine, sections: Vec::new() };
    for engine in [Engine::Postgres, Engine::Sqlite] {
        if arguments.only.is_none_or(|only| only == engine) {
            let section = measure(&ground, arguments, engine).await?;
            println!("{section}");
            report.sections.push(section);
        }
    }
    fs::remove_dir_all(&ground.folder)?;
    let path = home.join("boletos.json");
    report.write(&path)?;
    println!("written: {}", path.display());
    Ok(())
}

async fn measure(ground: &Ground, arguments: &Arguments, engine: Engine) -> Outcome<Section> {
    let (mut ours, mut tools) = (Vec::new(), Vec::new());
    let file = DebtFile::generate(arguments.rows);
    for round in 0..arguments.rounds {
        let run = Run::start(ground, engine, &format!("round_{round}")).await?;
        ours.push(run.import(&file).await?);
        tools.push(Figures::default().with(SECONDS, run.finish()?.load(ground)?.as_secs_f64()));
    }
    let (ours, tool) = (Figures::median(&ours), Figures::median(&tools));
    let ratio = ours.get(SECONDS) / tool.get(SECONDS);
    let mut bars = vec![
        Bar::at_most(format!("times {}", engine.tool()), 2.0, ratio),
        Bar::at_most("seconds", 60.0, ours.get(SECONDS)),
        Bar::at_most("peak memory of the server, MiB", 200.0, ours.get(MEMORY_MIB)),
        Bar::at_most("slowest entry meanwhile, ms", 100.0, ours.get(ENTRY_MS)),
    ];
    let name = format!("import of {} rows, {}", arguments.rows, engine.name());
    let mut rows = vec![Row::new("comporta", ours.clone()), Row::new(engine.tool(), tool)];
    if !arguments.once {
        let twice = Run::start(ground, engine, "twice").await?;
        let figures = twice.import(&DebtFile::generate(arguments.rows * 2)).await?;
        bars.push(Bar::at_most(
            "times as long for twice the rows",
            2.1,
            figures.get(SECONDS) / ours.get(SECONDS),
        ));
        rows.push(Row::new("comporta, twice the rows", figures));
    }
    let how = "from the first byte of the POST to completed, while entries are posted; the tool loads the finished rows into \
               an empty table of the same columns and indexes, in the same database with the same settings";
    Ok(Section { name, how: how.to_owned(), rows, bars })
}

impl Engine {
    const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    const fn tool(self) -> &'static str {
        match self {
            Self::Postgres => "psql \\copy",
            Self::Sqlite => "sqlite3 .import",
        }
    }
}
