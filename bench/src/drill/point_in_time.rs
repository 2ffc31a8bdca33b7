//! PostgreSQL by a base backup and its archived log: the server and its disk are lost in the middle of work, and
//! brought back as far as the log goes; then once more, to an instant.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use comporta_testkit::{ArchivingPostgres, EntryBody, Server};
use serde_json::Value;

use super::{Ground, RPO_S, RTO_S, load, same, verify_ledger};
use crate::Outcome;
use crate::report::{Figures, Row};

/// How long entries are posted one by one before the crash, and before the instant that is had back.
const WORK: Duration = Duration::from_secs(12);

/// A state of the database, as the server itself counts it.
struct Moment {
    instant: String,
    entries: u64,
    centavos: String,
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
    work(&mut server).await?;
    let moment = now(&postgres)?;
    work(&mut server).await?;
    let before = now(&postgres)?;
    // The last entry was acknowledged an instant ago.
    postgres.destroy()?;
    server.kill_dash_nine()?;

    let begun = Instant::now();
    postgres.restore(&[])?;
    postgres.recover()?;
    server.restart().await?;
    let latest = begun.elapsed();
    verify_ledger(&server)?;
    let rpo = seconds(&postgres, &before.instant)?;
    server.stop().await?;

    postgres.destroy()?;
    let begun = Instant::now();
    postgres.restore(&["--to-time", &moment.instant])?;
    postgres.recover()?;
    server.restart().await?;
    let to_time = begun.elapsed();
    let found = now(&postgres)?;
    same("entries at the instant", moment.entries, &found.entries.into())?;
    same("their sum", moment.centavos, &found.centavos.into())?;
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

/// Posts entries one by one for a while.
async fn work(server: &mut Server) -> Outcome {
    let mut client = server.client()?;
    let begun = Instant::now();
    while begun.elapsed() < WORK {
        let answer = client.post("/v1/entries", &[], &EntryBody::credit(100, "at work")).await?;
        if answer.status != 201 {
            return Err(answer.text().into());
        }
    }
    Ok(())
}

fn now(postgres: &ArchivingPostgres) -> Outcome<Moment> {
    let ask = "SELECT to_json(clock_timestamp())#>>'{}', count(*), sum(amount) FROM entry";
    let answer = postgres.server().psql("postgres", ask)?;
    let mut columns = answer.trim().split('|');
    let mut next = || columns.next().map(str::to_owned).ok_or("psql printed too little");
    Ok(Moment { instant: next()?, entries: next()?.parse()?, centavos: next()? })
}

/// From the newest entry that is there to an instant.
fn seconds(postgres: &ArchivingPostgres, instant: &str) -> Outcome<f64> {
    let ask = format!("SELECT extract(epoch FROM timestamptz '{instant}' - max(recorded_at)) FROM entry");
    Ok(postgres.server().psql("postgres", &ask)?.trim().parse()?)
}
