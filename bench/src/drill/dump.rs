//! PostgreSQL by a dump: then the database is lost, though not its server.

use std::time::Instant;

use comporta_neighbours::{Options, Postgres};
use comporta_testkit::Setup;

use super::{Ground, RPO_S, RTO_S, backup, load, same, verify_ledger};
use crate::Outcome;
use crate::report::{Figures, Row};

pub(super) async fn drill(ground: &Ground) -> Outcome<Row> {
    let postgres = Postgres::start(&Options::durable())?;
    postgres.create_database("drill")?;
    let mut setup = Setup::new(&postgres.url("drill"))
        .binary(ground.binary.clone())
        .with("COMPORTA_BOLETOS__MAIL_WHEN", "registered")
        .with("COMPORTA_BACKUP__TO", &ground.folder.path().join("backups").display().to_string());
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
    postgres.psql("postgres", "DROP DATABASE drill WITH (FORCE)")?;
    let begun = Instant::now();
    postgres.create_database("drill")?;
    let restored = backup(&mut setup, &["restore"]).await?;
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
    Ok(Row::new("PostgreSQL, dump", figures))
}
