//! New settings while requests pass: taken at once and whole, or refused whole; connections stay.

use std::time::{Duration, Instant};

use comporta_e2e::{Authority, Gateway, sizes, tls};
use comporta_testkit::{Answer, Client};
use serde_json::{Value, json};

use super::house::{self, INTERVAL, PATIENCE, Targets, change, change_unseen, logged, logs};
use super::load::Load;

/// How a process is told to read its settings again.
#[derive(Clone, Copy, Debug)]
enum Way {
    Signal,
    File,
    Request,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_read_again_under_load_and_no_request_fails_and_no_connection_ends() {
    let _alone = house::alone().await;
    let targets = Targets::start().await;
    let mut gateway = house::start(&generation(&targets, 0)).await;
    let gets = Load::gets(&gateway.server, "/load/get", sizes::rate());
    // One connection from the first generation to the last.
    let mut client = gateway.client();
    let mut slowest = [Duration::ZERO; 3];
    for number in 1..=sizes::reloads() {
        let way = [Way::Signal, Way::File, Way::Request][number as usize % 3];
        let took = reload(&gateway, way, &generation(&targets, number), &mut client, number).await;
        slowest[way as usize] = slowest[way as usize].max(took);
        let routes = [number, number - 1].map(|number| format!("/only/{number}"));
        let [new, old] = [client.get(&routes[0]).await.unwrap(), client.get(&routes[1]).await.unwrap()];
        assert_eq!((new.status.as_u16(), old.status.as_u16()), (200, 404), "routes come and go");
    }
    a_bad_file_is_refused(&gateway, &mut client, &generation(&targets, sizes::reloads()).to_string()).await;
    let gets = gets.stop().await;

    assert!(gets.failed().is_empty(), "{:?}", gets.failed());
    assert!(gets.kept_its_connections() && client.connections() == 1, "{} connections", gets.connections);
    let [signal, file, request] = slowest;
    println!(
        "{} reloads, in force after {signal:.0?} (SIGHUP), {file:.0?} (file), {request:.0?} (request) at most",
        sizes::reloads()
    );
    println!("GET  {}", gets.figures());
    gateway.server.stop().await.unwrap();
}

#[tokio::test]
async fn settings_that_wait_for_a_certificate_are_taken_when_it_comes_and_a_renewed_one_is_shown_at_once() {
    let (first, second) = (Authority::new(), Authority::new());
    let mut gateway = house::start(&json!({"upstreams": {}})).await;
    let folder = gateway.settings_file().parent().unwrap().to_owned();
    let [certificate, key] = ["public.pem", "public.key"].map(|name| folder.join(name));
    change(&gateway, &json!({"tls": {"certificate": certificate, "key": key}}).to_string());
    logs(&gateway, "the settings were refused", 0).await;
    assert_eq!(gateway.client().get("/v1/accounts").await.unwrap().status, 200, "what ran runs on");
    for authority in [first, second] {
        authority.identity("localhost").write(&folder, "public");
        let begun = Instant::now();
        while tls(gateway.server.public(), &authority, &[]).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "the certificate is not shown: {}", gateway.server.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("the certificate was shown after {:.1?}", begun.elapsed());
    }
    gateway.server.stop().await.unwrap();
}

/// Settings that differ from one generation to the next: a header of every answer, a route that the others do not
/// have, and one primary or two.
fn generation(targets: &Targets, number: u64) -> Value {
    let [a, b] =
        targets.primaries.each_ref().map(|target| json!({"url": target.url(), "weight": number + 1}));
    let targets = if number.is_multiple_of(2) { vec![a, b] } else { vec![b] };
    let health = json!({"path": "/healthz", "every": format!("{INTERVAL:?}")});
    let rewrite = json!({"set_response_headers": {"x-generation": number.to_string()}});
    let route = |name: String, path: &str| json!({"name": name, "match": {"path": path}, "upstream": "load", "rewrite": rewrite});
    let only = route(format!("only-{number}"), &format!("/only/{number}"));
    json!({
        "upstreams": {"load": {"targets": targets, "health": health}},
        "routes": [route("load".to_owned(), "/load/**"), only],
    })
}

/// Brings a generation in force, and tells how long that took.
async fn reload(gateway: &Gateway, way: Way, settings: &Value, client: &mut Client, number: u64) -> Duration {
    match way {
        Way::Signal | Way::Request => change_unseen(gateway, &settings.to_string()),
        Way::File => change(gateway, &settings.to_string()),
    }
    let begun = Instant::now();
    match way {
        Way::File => {}
        Way::Signal => gateway.server.signal("HUP").unwrap(),
        Way::Request => {
            let answer = ask_for_reload(gateway).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    while in_force(client).await != number {
        assert!(begun.elapsed() < PATIENCE, "{way:?}: the settings are not read again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

/// The generation that answers now.
async fn in_force(client: &mut Client) -> u64 {
    let answer = client.get("/load/generation").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("x-generation").unwrap().parse().unwrap()
}

async fn ask_for_reload(gateway: &Gateway) -> Answer {
    gateway.admin().post("/admin/v1/reload", &Value::Null).await
}

/// Settings with faults change nothing, whichever way they come; the log and whoever asked are told of every fault.
async fn a_bad_file_is_refused(gateway: &Gateway, client: &mut Client, good: &str) {
    let running = in_force(client).await;
    let bad = good
        .replace(r#""upstream":"load""#, r#""upstream":"nobody""#)
        .replace(r#"generation":""#, r#"generation":"9"#);
    change_unseen(gateway, &bad);
    let answer = ask_for_reload(gateway).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let faults = answer.json()["errors"].as_array().unwrap().len();
    assert!(faults == 2 && answer.text().contains("nobody"), "both routes are at fault: {}", answer.text());
    logs(gateway, "there is no upstream `nobody`", 1).await;

    let unreadable = "routes: [{name: half";
    let refused = logged(gateway, "the settings were refused");
    change(gateway, unreadable);
    logs(gateway, "the settings were refused", refused).await;
    change_unseen(gateway, "upstreams: {load: {targets: []}}\n");
    gateway.server.signal("HUP").unwrap();
    logs(gateway, "the settings were refused", refused + 1).await;
    assert_eq!(in_force(client).await, running, "what ran runs on");

    change_unseen(gateway, good);
    assert_eq!(ask_for_reload(gateway).await.status, 200);
    assert_eq!(in_force(client).await, running);
}
