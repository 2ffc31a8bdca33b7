//! Backups of a server at work, in a bucket that somebody else's program keeps (moto's server): made, lost, spoilt,
//! and brought back.
#![cfg(test)]

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use comporta_e2e::{Engine, Oracle, the_ledger_verifies};
use comporta_neighbours::{Moto, moved_clock};
use comporta_testkit::{ArchivingPostgres, Client, EntryBody, Server, Setup, batch};
use serde_json::{Value, json};

const BUCKET: &str = "backups";
const PLACE: &str = "s3://backups/comporta";
const KEY: &str = "only-a-test-would-write-its-key-here";
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_database_is_brought_back_on_sqlite() {
    lose_and_bring_back(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_database_is_brought_back_on_postgres() {
    lose_and_bring_back(Engine::Postgres).await;
}

/// Backed up under load, encrypted; the machine with its data folder is lost; another one takes the backup.
async fn lose_and_bring_back(engine: Engine) {
    let moto = Moto::start(&[BUCKET]).unwrap();
    let mut server = set_up(&moto, &engine.fresh_url()).start().await.unwrap();
    let key = server.first_run().unwrap().api_key;
    post(&mut server.client().unwrap(), "before", 300).await;
    let mut client = server.client().unwrap();
    let load = tokio::spawn(async move { post(&mut client, "meanwhile", 100).await });
    let made = well(&backup(&server, &["create", "--json"]));
    load.await.unwrap();
    assert_eq!((made["encrypted"].as_bool(), made["condition"].as_str()), (Some(true), Some("unproven")));
    let listed = well(&backup(&server, &["list", "--json"]));
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &made["id"]));
    // Two who look into one backup at once do not get into each other's way.
    let mut beside = server.command(&["backup", "verify", "--json"]);
    let beside = std::thread::spawn(move || beside.output().unwrap());
    let proof = well(&backup(&server, &["verify", "--json"]));
    assert_eq!(well(&beside.join().unwrap()), proof);
    assert!(proof["entries"].as_u64().unwrap() >= 300, "{proof}");
    assert_eq!(well(&backup(&server, &["list", "--json"]))[0]["condition"], "good");
    told(&backup(&server, &["restore"]), "is not empty: add --overwrite");
    told(&backup(&server, &["restore", "--overwrite"]), "is in use: stop every comporta process");
    server.stop().await.unwrap();

    let url = engine.fresh_url();
    // Another machine: another data folder, and an empty database.
    let mut other = set_up(&moto, &url);
    let restored = well(&run(&mut other, &["restore", "--json"]));
    assert_eq!((&restored["entries"], restored["pepper"].as_str()), (&proof["entries"], Some("restored")));
    let mut server = other.start().await.unwrap();
    let descriptions = Oracle::new(&url).described().await;
    assert_eq!(descriptions.keys().filter(|text| text.starts_with("before")).count(), 300);
    the_ledger_verifies(&server);
    // The key of the lost machine opens this one: the pepper came back too.
    let mut partner = Client::new(server.public(), Some(&key));
    post(&mut partner, "after", 1).await;
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_killed_on_its_way_leaves_the_last_good_one_on_sqlite() {
    // Large and without a pattern, so that it leaves in parts and takes its time.
    tear(Engine::Sqlite, "CREATE TABLE ballast AS SELECT randomblob(33554432) AS bytes").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_killed_on_its_way_leaves_the_last_good_one_on_postgres() {
    const BALLAST: &str = "CREATE TABLE ballast AS SELECT gen_random_uuid() AS one, gen_random_uuid() AS two, \
         gen_random_uuid() AS three, gen_random_uuid() AS four FROM generate_series(1, 500000)";
    tear(Engine::Postgres, BALLAST).await;
}

/// Killed while it uploads; what it has sent so far is no backup, and stands in nobody's way.
async fn tear(engine: Engine, ballast: &'static str) {
    let moto = Moto::start(&[BUCKET]).unwrap();
    let url = engine.fresh_url();
    let server = set_up(&moto, &url).start().await.unwrap();
    post(&mut server.client().unwrap(), "before", 10).await;
    let good = well(&backup(&server, &["create", "--json"]));
    Oracle::new(&url).change(ballast).await;
    let mut torn =
        server.command(&["backup", "create"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let uploads = || String::from_utf8_lossy(&moto.get("/backups?uploads").unwrap()).into_owned();
    while !uploads().contains("<UploadId>") {
        assert!(begun.elapsed() < PATIENCE, "no upload was begun");
        assert!(torn.try_wait().unwrap().is_none(), "it ended before it could be killed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    torn.kill().unwrap();
    torn.wait().unwrap();
    assert!(uploads().contains("<UploadId>"), "it was killed on its way");
    let listed = well(&backup(&server, &["list", "--json"]));
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &good["id"]));
    assert_eq!(well(&backup(&server, &["verify", "--json"]))["id"], good["id"]);
    well(&backup(&server, &["create", "--json"]));
    assert_eq!(well(&backup(&server, &["list", "--json"])).as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_byte_is_found_by_verify_and_refused_by_restore_on_sqlite() {
    change_a_byte(Engine::Sqlite, "database.db.gz").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_byte_is_found_by_verify_and_refused_by_restore_on_postgres() {
    change_a_byte(Engine::Postgres, "database.dump.gz").await;
}

/// The latest of two is spoilt, by one bit of one byte.
async fn change_a_byte(engine: Engine, piece: &str) {
    let moto = Moto::start(&[BUCKET]).unwrap();
    let url = engine.fresh_url();
    let mut server = set_up(&moto, &url).with("COMPORTA_BACKUP__KEY", "").start().await.unwrap();
    post(&mut server.client().unwrap(), "before", 10).await;
    let good = well(&backup(&server, &["create", "--json"]));
    post(&mut server.client().unwrap(), "later", 10).await;
    let spoilt = well(&backup(&server, &["create", "--json"]));
    let spoilt = spoilt["id"].as_str().unwrap();
    let path = format!("/backups/comporta/backups/{spoilt}/{piece}");
    let mut bytes = moto.get(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    assert!(moto.put(&path, &bytes).unwrap().starts_with("HTTP/1.1 200"));
    server.stop().await.unwrap();
    told(&backup(&server, &["verify"]), &format!("is damaged: {piece} is not as it was written"));
    let listed = well(&backup(&server, &["list", "--json"]));
    assert_eq!([&listed[0]["condition"], &listed[1]["condition"]], ["unproven", "bad"]);
    told(&backup(&server, &["restore", spoilt, "--overwrite"]), "is damaged");
    assert_eq!(Oracle::new(&url).entries().await, 20, "what was there is still there");
    if engine == Engine::Postgres {
        // As a restore leaves it that is killed once it has made room: what was there is still something to be lost.
        let url = &url;
        Oracle::new(url).change("ALTER SCHEMA public RENAME TO comporta_before_restore").await;
        Oracle::new(url).change("CREATE SCHEMA public").await;
        told(&backup(&server, &["restore"]), "is not empty: add --overwrite");
    }
    // The latest that is not known to be bad is the one before.
    let restored = well(&backup(&server, &["restore", "--overwrite", "--json"]));
    assert_eq!(restored["id"], good["id"]);
    assert_eq!(Oracle::new(&url).entries().await, 10);
}

/// Two are made a month ago and one today; the program's clock is moved, not its data.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_than_the_policy_says_leaves_as_the_clock_moves() {
    let moto = Moto::start(&[BUCKET]).unwrap();
    let server = set_up(&moto, &Engine::Sqlite.fresh_url()).start().await.unwrap();
    post(&mut server.client().unwrap(), "before", 10).await;
    let at = |shift: &str, arguments: &[&str]| {
        let clock = moved_clock(shift).unwrap();
        let mut command = server.command(&[&["backup"], arguments].concat());
        well(&command.envs(clock).output().unwrap())
    };
    let ids = |listed: Value| -> Vec<Value> {
        listed.as_array().unwrap().iter().map(|backup| backup["id"].clone()).collect()
    };
    let old = [at("-32d", &["create", "--json"]), at("-31d", &["create", "--json"])];
    let today = well(&backup(&server, &["create", "--json"]));
    let made = [&old[0], &old[1], &today].map(|made| made["id"].clone());
    assert_eq!(ids(well(&backup(&server, &["list", "--json"]))), made);
    // Thirty days are kept: a week ago nothing was too old, today two are, of which none is the only good one.
    let pruned = at("-7d", &["prune", "--json"]);
    assert_eq!((&pruned["deleted"], &pruned["kept"]), (&json!([]), &json!(3)));
    let pruned = well(&backup(&server, &["prune", "--dry-run", "--json"]));
    assert_eq!(pruned["deleted"], json!(made[..2]));
    assert_eq!(ids(well(&backup(&server, &["list", "--json"]))).len(), 3, "it was only told");
    let pruned = well(&backup(&server, &["prune", "--json"]));
    assert_eq!((&pruned["deleted"], &pruned["kept"]), (&json!(made[..2]), &json!(1)));
    // A year on the last one stays, and can be brought back.
    let pruned = at("+365d", &["prune", "--json"]);
    assert_eq!((&pruned["deleted"], &pruned["kept"]), (&json!([]), &json!(1)));
    assert_eq!(ids(well(&backup(&server, &["list", "--json"]))), [today["id"].clone()]);
    assert_eq!(at("+365d", &["verify", "--json"])["id"], today["id"]);
    // What is in the archive stays there, however its address is written.
    let mut pruned = server.command(&["backup", "prune", "--to", "s3://backups/comporta/"]);
    told(
        &pruned
            .env("COMPORTA_BACKUP__TO", "s3://backups/new")
            .env("COMPORTA_BACKUP__ARCHIVE", PLACE)
            .output()
            .unwrap(),
        "never pruned",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_s_backup_is_made_proven_and_measured_by_itself() {
    let moto = Moto::start(&[BUCKET]).unwrap();
    // Midnight is gone at any time of day: what was missed is made up for.
    let setup = set_up(&moto, &Engine::Sqlite.fresh_url()).roles("gateway,ledger,jobs");
    let mut server = setup.with("COMPORTA_BACKUP__AT", "00:00").start().await.unwrap();
    let begun = Instant::now();
    let listed = loop {
        let listed = well(&backup(&server, &["list", "--json"]));
        if listed[0]["condition"] == "good" {
            break listed;
        }
        assert!(begun.elapsed() < PATIENCE, "{listed}: {}", server.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let metrics = Client::new(server.private(), None).get("/metrics").await.unwrap().text();
    for name in
        ["comporta_backup_age_seconds", "comporta_backup_bytes{kind=\"sqlite\"}", "comporta_backup_seconds"]
    {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    let token = server.first_run().unwrap().admin_token;
    let authorization = format!("Bearer {token}");
    let mut admin = Client::new(server.private(), None);
    let audit = "/admin/v1/audit?action=backup.created";
    let noted =
        admin.request(hyper::Method::GET, audit, &[("authorization", &authorization)], "".into()).await;
    let noted = noted.unwrap().json();
    assert_eq!(noted["data"][0]["subject"], listed[0]["id"], "{noted}");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_cluster_is_brought_back_to_an_instant() {
    let moto = Moto::start(&[BUCKET]).unwrap();
    let program = Setup::new("sqlite:none").program();
    let mut variables = moto.environment();
    variables.insert("COMPORTA_BACKUP__KEY".to_owned(), KEY.to_owned());
    let mut postgres = ArchivingPostgres::start(program, PLACE, variables).unwrap();
    let mut server = postgres.setup().roles(NO_SCHEDULE).start().await.unwrap();
    post(&mut server.client().unwrap(), "first", 50).await;
    let made = well(&backup(&server, &["create", "--of", "base", "--json"]));
    assert_eq!(made["kind"], "base");
    let proof = well(&postgres.backup(&["verify", "--json"]).unwrap());
    assert!(proof["entries"].as_u64().unwrap() >= 50, "{proof}");
    post(&mut server.client().unwrap(), "second", 50).await;
    let instant = postgres.server().psql("postgres", "SELECT to_json(clock_timestamp())#>>'{}'").unwrap();
    let needed = postgres.server().psql("postgres", "SELECT pg_walfile_name(pg_current_wal_lsn())").unwrap();
    post(&mut server.client().unwrap(), "third", 50).await;
    let oracle = Oracle::new(&postgres.url());
    until_archived(&postgres).await;
    server.stop().await.unwrap();
    postgres.destroy().unwrap();
    // A segment that cannot be read is not the end of the log: the server stops, and goes on once it can be.
    let segment = format!("/backups/comporta/wal/{}", needed.trim());
    let sound = moto.get(&segment).unwrap();
    let mut spoilt = sound.clone();
    spoilt[sound.len() / 2] ^= 1;
    moto.put(&segment, &spoilt).unwrap();
    postgres.restore(&["--to-time", instant.trim()]).unwrap();
    assert!(postgres.recover().is_err(), "it took writes without a segment of its log");
    moto.put(&segment, &sound).unwrap();
    postgres.recover().unwrap();
    let described = oracle.described().await;
    let count = |word: &str| described.keys().filter(|text| text.starts_with(word)).count();
    assert_eq!((count("first"), count("second"), count("third")), (50, 50, 0));
    server.restart().await.unwrap();
    the_ledger_verifies(&server);
    post(&mut server.client().unwrap(), "again", 1).await;
    server.stop().await.unwrap();
}

/// Waits until the log up to now has left.
async fn until_archived(postgres: &ArchivingPostgres) {
    let ask = |statement: &str| postgres.server().psql("postgres", statement).unwrap().trim().to_owned();
    let last = ask("SELECT pg_walfile_name(pg_switch_wal())");
    let begun = Instant::now();
    while ask("SELECT coalesce(left(last_archived_wal, 24), '') FROM pg_stat_archiver") < last {
        assert!(begun.elapsed() < PATIENCE, "the log does not leave");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Without the role that makes backups by schedule, of which these stories know nothing.
const NO_SCHEDULE: &str = "gateway,ledger,boletos,catalogue,partners";

/// The program with its place for backups.
fn set_up(moto: &Moto, url: &str) -> Setup {
    let setup = Setup::new(url).roles(NO_SCHEDULE);
    let setup = setup.with("COMPORTA_BACKUP__TO", PLACE).with("COMPORTA_BACKUP__KEY", KEY);
    moto.environment().iter().fold(setup, |setup, (name, value)| setup.with(name, value))
}

async fn post(client: &mut Client, words: &str, count: usize) {
    let entries: Vec<EntryBody> =
        (0..count).map(|number| EntryBody::credit(100, &format!("{words} {number}"))).collect();
    for some in entries.chunks(10) {
        let answer = client.post("/v1/entries/batch", &[], batch(some)).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

fn backup(server: &Server, arguments: &[&str]) -> Output {
    server.command(&[&["backup"], arguments].concat()).output().unwrap()
}

fn run(setup: &mut Setup, arguments: &[&str]) -> Output {
    setup.run(&[&["backup"], arguments].concat()).unwrap()
}

/// What it printed, having ended well.
fn well(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn told(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains(words), "{:?}: {said}", output.status);
}
