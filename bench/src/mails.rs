//! `bench mails`: boletos of a file, with PDF, into a mail server that takes its time and has its moods.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use comporta_neighbours::{Options, Postgres, target};
use comporta_testkit::{Server, Setup, SmtpSink, SmtpTerms};

use crate::report::{Bar, Figures, Row, Section};
use crate::{Outcome, cpu};

const HEAD: &str = "name,governmentId,email,debtAmount,debtDueDate,debtId\n";
/// How often what has arrived is looked at.
const GLANCE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(600);
/// Letters a second that are wanted.
const WANTED: f64 = 500.0;

/// How many letters, over how many connections.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Letters of each engine
    #[arg(long, default_value_t = 10_000)]
    letters: usize,
    /// Connections to the mail server at once
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Milliseconds that the mail server takes for each answer
    #[arg(long, default_value_t = 20)]
    latency: u64,
    /// Let the mail server take commands in advance (RFC 2920)
    #[arg(long)]
    pipelining: bool,
    /// The program to measure [default: the one of profile dist]
    #[arg(long)]
    binary: Option<PathBuf>,
}

pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    let postgres = Postgres::start(&Options::durable())?;
    let folder = tempfile::tempdir()?;
    let sqlite = format!("sqlite:{}", folder.path().join("mails.db").display());
    let mut section = Section {
        name: "mails".to_owned(),
        how: format!(
            "{} boletos of a file, mailed with their slips over {} connections to a server that answers each command after \
             {} ms, puts off 5 % and refuses 1 %",
            arguments.letters, arguments.connections, arguments.latency
        ),
        rows: Vec::new(),
        bars: Vec::new(),
    };
    for (name, url) in [("PostgreSQL", postgres.url("postgres")), ("SQLite", sqlite)] {
        let figures = measure(arguments, &url).await?;
        let what = format!("letters a second, {name}");
        section.bars.push(Bar::at_least(what, WANTED, figures.get("letters/s")));
        section.rows.push(Row::new(name, figures));
    }
    println!("{section}");
    Ok(())
}

async fn measure(arguments: &Arguments, url: &str) -> Outcome<Figures> {
    let Arguments { latency, pipelining, .. } = *arguments;
    let latency = Duration::from_millis(latency);
    let sink = SmtpSink::start(SmtpTerms { latency, deferred: 5, refused: 1, pipelining, kept: 1 })?;
    let binary = arguments.binary.clone().unwrap_or_else(|| target().join("dist/comporta"));
    let setup = Setup::new(url)
        .binary(fs::canonicalize(binary)?)
        .with("COMPORTA_MAIL__TRANSPORT", "smtp")
        .with("COMPORTA_MAIL__URL", &sink.url())
        .with("COMPORTA_MAIL__CONNECTIONS", &arguments.connections.to_string());
    let mut server = setup.start().await?;
    let refused = (0..arguments.letters).filter(|&row| sink.refuses(&mailbox(row))).count();
    let wanted = arguments.letters - refused;
    let csv = [("content-type", "text/csv")];
    let sent = server.client()?.post("/v1/boleto-imports", &csv, file(arguments.letters)).await?;
    if sent.status != 202 {
        return Err(sent.text().into());
    }
    let first = until(&sink, 1).await?;
    let (cpu_before, count_before) = (cpu::of(server.pid()), sink.count());
    // All but those that were put off: these come in their own time.
    let most = until(&sink, wanted * 94 / 100).await?;
    let (cpu, count) = (cpu::of(server.pid()) - cpu_before, sink.count() - count_before);
    let all = until(&sink, wanted).await?;
    settled(&mut server).await?;
    if sink.count() != wanted || sink.taken().values().any(|&times| times != 1) {
        return Err(format!("{} letters came, {wanted} were to come, each once", sink.count()).into());
    }
    let letter = sink.kept().first().map_or(0, String::len);
    server.stop().await?;
    Ok(Figures::default()
        .with("letters/s", as_f64(count) / (most - first).as_secs_f64())
        .with("all in, s", (all - first).as_secs_f64())
        .with("CPU ms", cpu.as_secs_f64() * 1e3 / as_f64(count))
        .with("KB each", as_f64(letter) / 1e3)
        .with("connections", as_f64(sink.most_connections()))
        .with("put off", as_f64(sink.turned_away().0)))
}

/// When so many letters have come.
async fn until(sink: &SmtpSink, count: usize) -> Outcome<Instant> {
    let begun = Instant::now();
    while sink.count() < count {
        if begun.elapsed() > PATIENCE {
            return Err(format!("only {} letters have come", sink.count()).into());
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(Instant::now())
}

/// Ends when no letter is on its way: then nobody gets another.
async fn settled(server: &mut Server) -> Outcome {
    let mut client = server.client()?;
    let begun = Instant::now();
    while client.get("/v1/boletos?limit=1&delivery=queued").await?.json()["data"]
        .as_array()
        .is_none_or(|page| !page.is_empty())
    {
        if begun.elapsed() > PATIENCE {
            return Err("some letter stays queued".into());
        }
        tokio::time::sleep(GLANCE * 10).await;
    }
    Ok(())
}

fn file(count: usize) -> String {
    let mut text = HEAD.to_owned();
    for row in 0..count {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "Elijah Santos,{},{},{},2027-01-19,{row}",
            row % 9000 + 1000,
            mailbox(row),
            row + 1000
        );
    }
    text
}

fn mailbox(row: usize) -> String {
    format!("payer{row}@example.com")
}

#[expect(clippy::cast_precision_loss, reason = "counts that a bench can reach are exact")]
fn as_f64(count: usize) -> f64 {
    count as f64
}
