//! `bench ledger`: entries written and balances read, beside what PostgreSQL does without us.

mod accounts;
mod peer;
mod reads;
mod start;
mod writes;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use comporta_neighbours::{Options, Postgres, target};
use comporta_testkit::{Client, Server, Setup};

use crate::Outcome;
use crate::machine::Machine;
use crate::report::{Report, Section};

/// What to measure, and for how long.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Seconds of each round of a closed loop
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Rounds of each contender; they take turns, and medians are told
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Seconds of each of the five windows of reads under load
    #[arg(long, default_value_t = 20)]
    window: u64,
    /// Entries of the largest account that is read
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Only these cases
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Case>,
    /// The program to measure [default: the one of profile dist]
    #[arg(long)]
    binary: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Case {
    WritesPostgres,
    WritesSqlite,
    ReadsPostgres,
    ReadsSqlite,
    Start,
}

/// The database under a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Engine {
    Postgres,
    Sqlite,
}

/// What every case stands on.
struct Ground<'a> {
    arguments: &'a Arguments,
    binary: PathBuf,
    folder: PathBuf,
    postgres: Postgres,
}

/// Measures what was asked for, prints it, and writes `ledger.json`. Missing a bar is no failure.
pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let home = target().join("bench");
    let folder = home.join("run");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let binary = arguments.binary.clone().unwrap_or_else(|| target().join("dist/comporta"));
    // Its own defaults: synchronous_commit and fsync are on.
    let postgres = Postgres::start(&Options::durable())?;
    let ground = Ground { arguments, binary: fs::canonicalize(binary)?, folder, postgres };
    let server = ground.postgres.programs().join("postgres");
    let machine = Machine::look(&ground.binary, &[(&server, "--version")])?.with_disk(&ground.folder)?;
    println!("{machine}");
    let mut report = Report { machine, sections: Vec::new() };
    for &case in Case::value_variants() {
        if arguments.only.is_empty() || arguments.only.contains(&case) {
            let section = measure(&ground, case).await?;
            println!("{section}");
            report.sections.push(section);
        }
    }
    fs::remove_dir_all(&ground.folder)?;
    let path = home.join("ledger.json");
    report.write(&path)?;
    println!("written: {}", path.display());
    Ok(())
}

async fn measure(ground: &Ground<'_>, case: Case) -> Outcome<Section> {
    match case {
        Case::WritesPostgres => writes::postgres(ground).await,
        Case::WritesSqlite => writes::sqlite(ground).await,
        Case::ReadsPostgres => reads::measure(ground, Engine::Postgres).await,
        Case::ReadsSqlite => reads::measure(ground, Engine::Sqlite).await,
        Case::Start => start::measure(ground).await,
    }
}

impl Ground<'_> {
    /// Starts the program on a new database.
    async fn start(&self, engine: Engine, name: &str, settings: &[(&str, &str)]) -> Outcome<Server> {
        let url = match engine {
            Engine::Postgres => {
                self.postgres.create_database(name)?;
                self.postgres.url(name)
            }
            Engine::Sqlite => format!("sqlite:{}/{name}.db", self.folder.display()),
        };
        let setup = Setup::new(&url).binary(self.binary.clone());
        let setup = settings.iter().fold(setup, |setup, (variable, value)| setup.with(variable, value));
        Ok(setup.start().await?)
    }

    /// The server under an engine, if it is a process of its own.
    fn database_pid(&self, engine: Engine) -> Option<u32> {
        (engine == Engine::Postgres).then(|| self.postgres.postmaster_pid())
    }

    fn round(&self) -> Duration {
        Duration::from_secs(self.arguments.seconds)
    }
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// The value of a metric without labels, if the server has it yet.
async fn metric(server: &Server, name: &str) -> Outcome<Option<f64>> {
    let page = Client::new(server.private(), None).get("/metrics").await?.text();
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.map(str::parse).transpose()?)
}
