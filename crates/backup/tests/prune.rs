//! Thirty days and more of backups in a bucket (moto's server), under a clock that a test moves.

#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use comporta_backup::{
    Backups, Choice, Condition, Doubt, Error, Failure, Keys, Kind, Options, Proves, PruneOptions, Repository,
    RestoreOptions, Trail,
};
use comporta_db::{Blobs, Db, Url};
use comporta_kernel::{Clock, ManualClock, Rng, Timestamp};
use comporta_neighbours::Moto;
use jiff::SignedDuration;
use serde_json::Value;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Proves for Nobody {
    async fn prove(&self, _: &Url) -> Result<(), Doubt> {
        Ok(())
    }
}

#[async_trait]
impl Trail for Nobody {
    async fn note(&self, _: &'static str, _: &str, _: Value) -> Result<(), Failure> {
        Ok(())
    }
}

async fn database(folder: &Path) -> Url {
    let url = Url::Sqlite(folder.join("comporta.db"));
    let options = comporta_db::Options { url: url.clone(), read_url: None, max_connections: 1 };
    let db = Db::open(&options).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    url
}

fn open(moto: &Moto, folder: &Path, database: Url, archive: Option<&str>, clock: &ManualClock) -> Backups {
    let blobs = |place: &str| Blobs::open(place, &moto.environment()).unwrap();
    let options = Options {
        keep_days: 30,
        archive: archive.map(blobs),
        scratch: folder.join("scratch"),
        postgres_programs: None,
        verify: true,
        in_archive: false,
        point_in_time: false,
        restore_command: "false".to_owned(),
        pepper: None,
        made_by: "a test",
    };
    let repository = Repository::new(blobs("s3://backups/here"), Keys::default());
    let nobody = Arc::new(Nobody);
    Backups::new(
        repository,
        database,
        options,
        Clock::from(clock.clone()),
        Rng::seeded(7),
        (nobody.clone(), nobody),
    )
}

#[tokio::test]
async fn thirty_days_are_kept_then_archived_then_listed_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let moto = Moto::start(&["backups", "cold"]).unwrap();
    let clock = ManualClock::at("2026-01-01T06:00:00Z".parse::<Timestamp>().unwrap());
    let database = database(folder.path()).await;
    let backups = open(&moto, folder.path(), database.clone(), Some("s3://cold/there"), &clock);
    let mut made = Vec::new();
    for _ in 0..35 {
        made.push(backups.create(Kind::Sqlite).await.unwrap().id);
        clock.advance(DAY);
    }
    // The newest is a day old now, the oldest 35.
    let dry = backups.prune(PruneOptions { dry_run: true }).await.unwrap();
    assert_eq!((dry.archived.as_slice(), dry.kept), (&made[..5], 30));
    assert_eq!(backups.list().await.unwrap().len(), 35);
    let pruned = backups.prune(PruneOptions::default()).await.unwrap();
    assert_eq!(pruned, dry);
    let left: Vec<_> = backups.list().await.unwrap().iter().map(|found| found.id).collect();
    assert_eq!(left, made[5..]);
    // What was archived is whole there, and can be had back.
    let there =
        Repository::new(Blobs::open("s3://cold/there", &moto.environment()).unwrap(), Keys::default());
    let archived: Vec<_> = there.list().await.unwrap().iter().map(|found| found.id).collect();
    assert_eq!(archived, made[..5]);
    assert!(backups.prune(PruneOptions::default()).await.unwrap().archived.is_empty());
}

#[tokio::test]
async fn however_long_nobody_makes_one_the_last_good_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let moto = Moto::start(&["backups"]).unwrap();
    let clock = ManualClock::at("2026-01-01T06:00:00Z".parse::<Timestamp>().unwrap());
    let database = database(folder.path()).await;
    let backups = open(&moto, folder.path(), database, None, &clock);
    let good = backups.create(Kind::Sqlite).await.unwrap();
    backups.verify(Choice::Id(good.id)).await.unwrap();
    clock.advance(DAY);
    let spoilt = backups.create(Kind::Sqlite).await.unwrap();
    let place = format!("/backups/here/backups/{}/{}", spoilt.id, spoilt.pieces[0].name);
    let mut bytes = moto.get(&place).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    moto.put(&place, &bytes).unwrap();
    let error = backups.verify(Choice::Id(spoilt.id)).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let conditions: Vec<_> = backups.list().await.unwrap().iter().map(|found| found.condition()).collect();
    assert_eq!(conditions, [Condition::Good, Condition::Bad]);
    clock.advance(400 * DAY);
    let pruned = backups.prune(PruneOptions::default()).await.unwrap();
    assert_eq!((pruned.deleted.as_slice(), pruned.kept), (&[spoilt.id][..], 1));
    assert_eq!(backups.list().await.unwrap()[0].id, good.id);
}

#[tokio::test]
async fn what_was_begun_and_never_ended_is_not_listed_and_goes_after_two_days() {
    let folder = tempfile::tempdir().unwrap();
    let moto = Moto::start(&["backups"]).unwrap();
    let clock = ManualClock::at("2026-01-01T06:00:00Z".parse::<Timestamp>().unwrap());
    let database = database(folder.path()).await;
    let backups = open(&moto, folder.path(), database, None, &clock);
    let whole = backups.create(Kind::Sqlite).await.unwrap();
    let torn = backups.create(Kind::Sqlite).await.unwrap();
    // What a process that is killed before the manifest leaves: the pieces.
    let blobs = Blobs::open("s3://backups/here", &moto.environment()).unwrap();
    blobs.delete(&format!("backups/{}/manifest.json", torn.id).parse().unwrap()).await.unwrap();
    let listed = || async { backups.list().await.unwrap().iter().map(|found| found.id).collect::<Vec<_>>() };
    assert_eq!(listed().await, [whole.id]);
    assert_eq!(backups.prune(PruneOptions::default()).await.unwrap().torn, []);
    clock.advance(3 * DAY);
    assert_eq!(backups.prune(PruneOptions::default()).await.unwrap().torn, [torn.id]);
    assert_eq!(backups.prune(PruneOptions::default()).await.unwrap().torn, []);
    assert_eq!(listed().await, [whole.id]);
}

#[tokio::test]
async fn a_target_that_holds_something_or_is_in_use_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let moto = Moto::start(&["backups"]).unwrap();
    let clock = ManualClock::at("2026-01-01T06:00:00Z".parse::<Timestamp>().unwrap());
    let database = database(folder.path()).await;
    let backups = open(&moto, folder.path(), database.clone(), None, &clock);
    backups.create(Kind::Sqlite).await.unwrap();
    let plain = RestoreOptions::default();
    let overwriting = RestoreOptions { overwrite: true, ..RestoreOptions::default() };
    let refused = backups.restore(&plain).await.unwrap_err();
    assert!(matches!(refused, Error::NotEmpty(_)), "{refused}");
    let options = comporta_db::Options { url: database, read_url: None, max_connections: 1 };
    let db = Db::open(&options).await.unwrap();
    let refused = backups.restore(&overwriting).await.unwrap_err();
    assert!(matches!(refused, Error::InUse(_)), "{refused}");
    db.close().await;
    let restored = backups.restore(&overwriting).await.unwrap();
    assert!(restored.totals.unwrap().tables.contains_key("entry"));
    std::fs::remove_file(folder.path().join("comporta.db")).unwrap();
    backups.restore(&plain).await.unwrap();
}
