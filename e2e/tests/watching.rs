//! Watched from within and from without: metrics that tell what runs out, alerts that are told once, lines for CloudWatch.
#![cfg(test)]

#[path = "watching/emf.rs"]
mod emf;
#[path = "watching/receiver.rs"]
mod receiver;

use std::time::{Duration, Instant};

use comporta_e2e::{Engine, Gateway, Upstream, full};
use comporta_neighbours::{Options, Postgres};
use comporta_testkit::{Client, Server, Setup, SmtpSink, SmtpTerms};
use hyper::Response;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use receiver::Receiver;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than several looks of a second, and than what must hold.
const A_WHILE: Duration = Duration::from_secs(8);
const READER: &str = "ana@example.com";

/// A setup that looks every second and tells a letter's reader and a webhook.
fn watching(url: &str, mails: &SmtpSink, receiver: &Receiver) -> Setup {
    Setup::new(url)
        .with("COMPORTA_MAIL__TRANSPORT", "smtp")
        .with("COMPORTA_MAIL__URL", &mails.url())
        .with("COMPORTA_ALERTS__EMAIL", READER)
        .with("COMPORTA_ALERTS__WEBHOOK", &receiver.url())
        .with("COMPORTA_ALERTS__WEBHOOK_SECRET", receiver::SECRET)
        .with("COMPORTA_ALERTS__EVERY", "1s")
        .with("COMPORTA_ALERTS__HOLD", "2s")
        .with("COMPORTA_ALERTS__DISK_FREE", "0%")
        // A new schedule catches up with what was due before: late, for as long as these processes hold an alert back.
        .with("COMPORTA_ALERTS__JOB_LAG", "400d")
}

async fn metrics(server: &Server) -> String {
    Client::new(server.private(), None).get("/metrics").await.unwrap().text()
}

/// The value of a line of the metrics; `None` if there is no such line.
fn value(metrics: &str, line: &str) -> Option<f64> {
    let rest = metrics.lines().find_map(|told| told.strip_prefix(line)?.strip_prefix(' '))?;
    Some(rest.parse().unwrap())
}

fn letters(mails: &SmtpSink) -> Vec<String> {
    let taken = mails.taken();
    let sent = taken.iter().flat_map(|((to, id), times)| {
        assert_eq!(to, READER);
        std::iter::repeat_n(id.clone(), *times as usize)
    });
    sent.collect()
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_once_by_two_processes_over_restarts_and_its_end_once() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (mails, receiver) = (
            SmtpSink::start(SmtpTerms { kept: 9, ..SmtpTerms::default() }).unwrap(),
            Receiver::start().await,
        );
        let setup = watching(&engine.fresh_url(), &mails, &receiver);
        // No disk is free to the last byte.
        let mut first = setup.with("COMPORTA_ALERTS__DISK_FREE", "100%").start().await.unwrap();
        let mut second = first.beside().start().await.unwrap();
        until("somebody is told", || receiver.count() > 0 && mails.count() > 0).await;
        // Killed before it has written that down, it would be told again, minutes later.
        tokio::time::sleep(Duration::from_secs(2)).await;
        first.restart().await.unwrap();
        tokio::time::sleep(A_WHILE).await;
        assert_eq!(receiver.told(), [("alert.began", "disk_low")], "{}", first.log());
        assert_eq!(letters(&mails).len(), 1, "{:?}", letters(&mails));
        let letter = mails.kept().concat();
        assert!(letter.contains("Alert: the disk of data_dir is nearly full"), "{letter}");
        let setup = first.beside().with("COMPORTA_ALERTS__DISK_FREE", "0%");
        first.stop().await.unwrap();
        second.stop().await.unwrap();

        let mut first = setup.start().await.unwrap();
        let mut second = first.beside().start().await.unwrap();
        until("its end is told", || receiver.count() > 1 && mails.count() > 1).await;
        tokio::time::sleep(A_WHILE).await;
        assert_eq!(receiver.told(), [("alert.began", "disk_low"), ("alert.ended", "disk_low")]);
        assert_eq!(letters(&mails).len(), 2);
        let told = metrics(&first).await + &metrics(&second).await;
        assert!(
            told.contains("comporta_alerts_told_total{channel=\"webhook\",outcome=\"sent\"} 1"),
            "{told}"
        );
        first.stop().await.unwrap();
        second.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_told_by_one_of_two_processes_and_the_metrics_do_not_wait_for_it() {
    let mut postgres = Postgres::start(&Options::fast()).unwrap();
    postgres.create_database("comporta").unwrap();
    let (mails, receiver) = (SmtpSink::start(SmtpTerms::default()).unwrap(), Receiver::start().await);
    let setup = watching(&postgres.url("comporta"), &mails, &receiver);
    let first = setup.start().await.unwrap();
    let second = first.beside().start().await.unwrap();
    let is_up = async |server| value(&metrics(server).await, "comporta_database_up");
    let begun = Instant::now();
    while is_up(&first).await != Some(1.0) {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Both have looked, and one of them is who speaks.
    tokio::time::sleep(Duration::from_secs(3)).await;
    postgres.kill_dash_nine().unwrap();
    until("that the database is away is told", || receiver.count() > 0 && mails.count() > 0).await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(receiver.told(), [("alert.began", "database_away")], "{}", first.log());
    assert_eq!(letters(&mails).len(), 1);
    let begun = Instant::now();
    while is_up(&second).await != Some(0.0) {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let asked = Instant::now();
    metrics(&first).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    postgres.restart().unwrap();
    until("that it is back is told", || receiver.count() > 1 && mails.count() > 1).await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(receiver.told(), [("alert.began", "database_away"), ("alert.ended", "database_away")]);
    assert_eq!(letters(&mails).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_process_that_died_could_measure_is_not_called_over() {
    let (mails, receiver) = (SmtpSink::start(SmtpTerms::default()).unwrap(), Receiver::start().await);
    let folder = tempfile::tempdir().unwrap();
    let setup = watching(&Engine::Postgres.fresh_url(), &mails, &receiver)
        .with("COMPORTA_BACKUP__TO", &folder.path().join("backups").display().to_string());
    let mut gateway = setup.clone().roles("gateway,ledger").start().await.unwrap();
    // There is no backup yet.
    let mut jobs = gateway.beside().roles("jobs").start().await.unwrap();
    until("that there is no backup is told", || receiver.count() > 0 && mails.count() > 0).await;
    jobs.kill_dash_nine().unwrap();
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(receiver.told(), [("alert.began", "backup_old")], "{}", gateway.log());
    let output = gateway.command(&["backup", "create"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    jobs.restart().await.unwrap();
    until("its end is told", || receiver.count() > 1 && mails.count() > 1).await;
    assert_eq!(receiver.told(), [("alert.began", "backup_old"), ("alert.ended", "backup_old")]);
    assert_eq!(letters(&mails).len(), 2);
    jobs.stop().await.unwrap();
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_gets_the_same_webhook_again() {
    let (mails, receiver) = (SmtpSink::start(SmtpTerms::default()).unwrap(), Receiver::start().await);
    receiver.fail(2);
    let setup = watching(&Engine::Sqlite.fresh_url(), &mails, &receiver).with("COMPORTA_ALERTS__EMAIL", "");
    let mut server = setup.with("COMPORTA_ALERTS__DISK_FREE", "100%").start().await.unwrap();
    until("it arrives", || receiver.count() > 0).await;
    let ids = receiver.ids();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    server.stop().await.unwrap();
}

/// A certificate in files, good until a year's beginning.
fn certificate(folder: &std::path::Path, year: i32) -> Value {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_after = date_time_ymd(year, 1, 1);
    let [certificate, private] = ["cert", "key"].map(|name| folder.join(format!("{name}-{year}.pem")));
    std::fs::write(&certificate, params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(&private, key.serialize_pem()).unwrap();
    json!({"certificate": certificate, "key": private})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_out_is_measured_from_the_start_and_what_a_reload_drops_is_not() {
    const EXPIRES: &str = "comporta_tls_certificate_expires_timestamp_seconds";
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start(|_| async { Response::new(full("ok")) }).await;
    let settings = |year, targets: Value| {
        json!({
            "tls": certificate(folder.path(), year), "default_routes": false,
            "upstreams": {"t": {"targets": targets}},
            "routes": [{"name": "t", "match": {"path": "/t/**"}, "upstream": "t"}],
        })
    };
    // Nobody listens at the second.
    let targets = json!([{"url": upstream.url()}, {"url": "http://127.0.0.1:9"}]);
    let setup = Setup::new(&Engine::Sqlite.fresh_url());
    let gateway = Gateway::start_as(setup, &settings(2031, targets)).await;
    let told = metrics(&gateway.server).await;
    let healthy = |url: &str| format!("comporta_upstream_target_healthy{{upstream=\"t\",target=\"{url}\"}}");
    assert_eq!(value(&told, EXPIRES), Some(1_924_992_000.0), "{told}");
    assert_eq!(value(&told, &healthy(&upstream.url())), Some(1.0), "{told}");
    assert_eq!(value(&told, &healthy("http://127.0.0.1:9")), Some(1.0));
    assert_eq!(value(&told, "comporta_http_requests_in_flight"), Some(0.0));
    assert_eq!(
        value(&told, &format!("comporta_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))),
        Some(1.0)
    );
    for counter in [
        "comporta_jobs_failed_total{name=\"issue_invoices\"}",
        "comporta_ledger_repaired_sums_total",
        "comporta_meter_uncounted_total",
        "comporta_mails_total{transport=\"file\",outcome=\"failed\"}",
        "comporta_boleto_letters_total{outcome=\"unknown\"}",
    ] {
        assert_eq!(value(&told, counter), Some(0.0), "{counter}: {told}");
    }
    for gauge in
        ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"]
    {
        assert!(value(&told, gauge).is_some_and(|used| used > 0.0), "{gauge}: {told}");
    }
    let started = value(&told, "process_start_time_seconds").unwrap();
    let now = comporta_kernel::Clock::system().now().as_second() as f64;
    assert!((now - 120.0..=now + 1.0).contains(&started), "{started} {now}");
    let begun = Instant::now();
    while value(&metrics(&gateway.server).await, "comporta_quota_companies{level=\"100\"}") != Some(0.0) {
        assert!(begun.elapsed() < PATIENCE, "{told}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    gateway.reload(&settings(2032, json!([{"url": upstream.url()}]))).await;
    let told = metrics(&gateway.server).await;
    assert_eq!(value(&told, EXPIRES), Some(1_956_528_000.0));
    assert_eq!(value(&told, &healthy("http://127.0.0.1:9")), None, "it is no target any more");
    assert_eq!(value(&told, &healthy(&upstream.url())), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_the_gateway_counts_its_requests_under_names_of_their_own() {
    let port = comporta_neighbours::free_port().unwrap();
    let setup = Setup::new(&Engine::Sqlite.fresh_url()).roles("ledger,jobs");
    let mut server =
        setup.with("COMPORTA_SERVICE_LISTEN", &format!("127.0.0.1:{port}")).start().await.unwrap();
    let told = metrics(&server).await;
    let failed = "comporta_service_requests_total{service=\"ledger\",method=\"POST\",status=\"500\"}";
    assert_eq!(value(&told, failed), Some(0.0), "{told}");
    let mut caller = Client::new(([127, 0, 0, 1], port).into(), None);
    assert_eq!(caller.get("/v1/daily-balances").await.unwrap().status, 401);
    let told = metrics(&server).await;
    let refused = "comporta_service_requests_total{service=\"none\",method=\"GET\",status=\"401\"}";
    assert_eq!(value(&told, refused), Some(1.0), "{told}");
    assert_eq!(value(&told, "comporta_service_requests_in_flight"), Some(0.0));
    assert!(told.contains("comporta_service_request_seconds_bucket{service=\"none\",le=\"0.2\"}"), "{told}");
    assert_eq!(value(&told, "comporta_http_requests_in_flight"), None, "there is no gateway");
    server.stop().await.unwrap();
}
