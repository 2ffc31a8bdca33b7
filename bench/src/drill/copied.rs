//! A copy of a database, made while it serves; then the database is lost.

use std::time::Instant;

use comporta_testkit::Setup;

use super::{Ground, RPO_S, RTO_S, backup, load, same, verify_ledger};
use crate::Outcome;
use crate::report::{Figures, Row};

/// Loads the database at `url`, copies it, loads it further, kills the server, and brings the database back once `lose`
/// has lost it, which tells how it is to be restored.
pub(super) async fn drill(
    ground: &Ground,
    url: &str,
    name: &'static str,
    lose: impl FnOnce() -> Outcome<&'static [&'static str]>,
) -> Outcome<Row> {
    let mut setup = Setup::new(url)
        .binary(ground.binary.clone())
        .with("COMPORTA_BOLETOS__MAIL_WHEN", "registered")
        .with("COMPORTA_BACKUP__TO", &ground.folder.path().join("backups").display().to_string());
    // Its folder is also the one of the server and of the restore: the pepper, which only an encrypted backup holds.
    setup.run(&["backup", "list"])?;
    let mut server = setup.clone().start().await?;
    let mut client = server.client()?;
    load::entries(&mut client, ground.entries, "before").await?;
    load::boletos(&mut client, ground.boletos).await?;
    let begun = Instant::now();
    let made = backup(&mut setup, &["create"]).await?;
    let (took, taken) = (begun.elapsed(), Instant::now());
    let begun = Instant::now();
    backup(&mut setup, &["verify"]).await?;
    let verified = begun.elapsed();
    load::entries(&mut client, ground.entries / 10, "after").await?;
    server.kill_dash_nine()?;
    let rpo = taken.elapsed();
    let restore = lose()?;
    let begun = Instant::now();
    let restored = backup(&mut setup, restore).await?;
    server.restart().await?;
    let rto = begun.elapsed();
    same("entries", ground.entries, &restored["entries"])?;
    same("boletos", ground.boletos, &restored["boletos"])?;
    same("credits", format!("{}.00", ground.entries), &restored["credits"])?;
    verify_ledger(&server)?;
    server.stop().await?;
    let figures = Figures::default()
        .with("backup s", took.as_secs_f64())
        .with("MB", made["bytes"].as_f64().unwrap_or_default() / 1e6)
        .with("verify s", verified.as_secs_f64())
        .with(RTO_S, rto.as_secs_f64())
        .with(RPO_S, rpo.as_secs_f64());
    Ok(Row::new(name, figures))
}
