//! PostgreSQL by a base backup and its archived log: the server and its disk are lost in the middle of work, and
//! brought back as far as the log goes; then once more, to an instant.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use comporta_kernel::{Timestamp, TypedId as _, Uuid};
use comporta_ledger::EntryId;
use comporta_testkit::{ArchivingPostgres, EntryBody, Server};
use serde_json::Value;

use super::{Ground, RPO_S, RTO_S, load, same, verify_ledger};
use crate::Outcome;
use crate::report::{Figures, Row};

/// How long entries are posted one by one before the crash, and before the instant that is had back.
const WORK: Duration = Duration::from_secs(12);

/// What those entries say.
const WORDS: &str = "at work";

/// The server's time, and when the newest entry was recorded.
const NOW: &str = "SELECT to_json(clock_timestamp())#>>'{}'";
const NEWEST: &str = "SELECT to_json(max(recorded_at))#>>'{}' FROM entry";

/// An entry whose 201 came.
struct Posted {
    id: Uuid,
    recorded_at: Timestamp,
}

pub(super) async fn drill(ground: &Ground) -> Outcome<Vec<Row>> {
    let place = ground.folder.path().join("backups");
    fs::create_dir(&place)?;
    // The server's user archives into it, and we back up into it.
    fs::set_permissions(ground.folder.path(), Permissions::from_mode(0o755))?;
    fs::set_permissions(&place, Permissions::from_mode(0o777))?;
    let place = place.display().to_string();
    let mut postgres = ArchivingPostgres::start(ground.binary.clone(), &place, Default::default())?;
    let setup = postgres.setup().with("COMPORTA_BOLETOS__MAIL_WHEN", "registered");
    let mut server = setup.start().await?;
    let mut client = server.client()?;
    load::entries(&mut client, ground.entries, "before").await?;
    load::boletos(&mut client, ground.boletos).await?;
    let begun = Instant::now();
    let output = server.command(&["backup", "create", "--of", "base", "--json"]).output()?;
    let took = begun.elapsed();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let made: Value = serde_json::from_slice(&output.stdout)?;
    load::entries(&mut client, ground.entries / 10, "after the backup").await?;
    let loaded = ground.entries + ground.entries / 10;
    let mut posted = work(&mut server).await?;
    let moment = ask(&postgres, NOW)?;
    posted.extend(work(&mut server).await?);
    let crash: Timestamp = ask(&postgres, NOW)?.parse()?;
    // The last entry was acknowledged an instant ago.
    postgres.destroy()?;
    server.kill_dash_nine()?;

    let begun = Instant::now();
    postgres.restore(&[])?;
    postgres.recover()?;
    server.restart().await?;
    let latest = begun.elapsed();
    verify_ledger(&server)?;
    let newest: Timestamp = ask(&postgres, NEWEST)?.parse()?;
    check_entries(&postgres, loaded, &posted, newest)?;
    let rpo = crash.duration_since(newest).as_secs_f64();
    server.stop().await?;

    postgres.destroy()?;
    let begun = Instant::now();
    postgres.restore(&["--to-time", &moment])?;
    postgres.recover()?;
    server.restart().await?;
    let to_time = begun.elapsed();
    check_entries(&postgres, loaded, &posted, moment.parse()?)?;
    verify_ledger(&server)?;
    server.stop().await?;
    let figures = |rto: Duration, rpo: f64| {
        Figures::default()
            .with("backup s", took.as_secs_f64())
            .with("MB", made["bytes"].as_f64().unwrap_or_default() / 1e6)
            .with(RTO_S, rto.as_secs_f64())
            .with(RPO_S, rpo)
    };
    Ok(vec![
        Row::new("PostgreSQL, log to its end", figures(latest, rpo)),
        Row::new("PostgreSQL, to an instant", figures(to_time, 0.0)),
    ])
}

/// Posts entries of one real one by one for a while.
async fn work(server: &mut Server) -> Outcome<Vec<Posted>> {
    let mut client = server.client()?;
    let mut posted = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < WORK {
        let answer = client.post("/v1/entries", &[], &EntryBody::credit(100, WORDS)).await?;
        if answer.status != 201 {
            return Err(answer.text().into());
        }
        let entry = answer.json();
        let text = |field: &str| entry[field].as_str().ok_or_else(|| answer.text());
        let id: EntryId = text("id")?.parse()?;
        posted.push(Posted { id: id.uuid(), recorded_at: text("recorded_at")?.parse()? });
    }
    Ok(posted)
}

/// What was loaded is back, and so is each entry that was acknowledged and recorded until an instant; nothing else is.
fn check_entries(
    postgres: &ArchivingPostgres,
    loaded: usize,
    posted: &[Posted],
    until: Timestamp,
) -> Outcome {
    let wanted = posted.iter().filter(|entry| entry.recorded_at <= until);
    let wanted: BTreeSet<Uuid> = wanted.map(|entry| entry.id).collect();
    let found = ask(postgres, &format!("SELECT id FROM entry WHERE description = '{WORDS}'"))?;
    let found: BTreeSet<Uuid> = found.lines().map(Uuid::parse_str).collect::<Result<_, _>>()?;
    let lost: Vec<&Uuid> = wanted.difference(&found).collect();
    if let [first, ..] = lost[..] {
        let (lost, of) = (lost.len(), wanted.len());
        return Err(format!("{lost} of {of} acknowledged entries are gone, {first} for one").into());
    }
    let entries = loaded + wanted.len();
    let totals = ask(postgres, "SELECT count(*), sum(amount) FROM entry")?;
    same("entries and their centavos", format!("{entries}|{}", entries * 100), &totals.into())
}

fn ask(postgres: &ArchivingPostgres, sql: &str) -> Outcome<String> {
    Ok(postgres.server().psql("postgres", sql)?.trim().to_owned())
}
