//! A letter in every mailbox, and in none of them two, however often the server is killed while it sends.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use comporta_e2e::sizes::{delivery_kills, letters};
use comporta_e2e::{Chance, Engine, Oracle};
use comporta_testkit::{Client, Server, Setup, SmtpSink, SmtpTerms};
use serde_json::Value;

const HEAD: &str = "name,governmentId,email,debtAmount,debtDueDate,debtId\n";
const PATIENCE: Duration = Duration::from_secs(600);
const CONNECTIONS: usize = 8;
/// Letters that the server claims at once for so many connections, at most.
const IN_FLIGHT: usize = CONNECTIONS * 3 / 2 + 1;
/// One in so many has no address.
const SILENT: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mailbox_gets_two_letters_on_sqlite() {
    tell(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mailbox_gets_two_letters_on_postgres() {
    tell(Engine::Postgres).await;
}

async fn tell(engine: Engine) {
    let terms = SmtpTerms {
        latency: Duration::from_millis(20),
        deferred: 5,
        refused: 1,
        kept: 1,
        ..SmtpTerms::default()
    };
    let (sink, url, count) = (SmtpSink::start(terms).unwrap(), engine.fresh_url(), letters());
    let setup = Setup::new(&url)
        .with("COMPORTA_MAIL__TRANSPORT", "smtp")
        .with("COMPORTA_MAIL__URL", &sink.url())
        .with("COMPORTA_MAIL__CONNECTIONS", &CONNECTIONS.to_string());
    let mut server = setup.start().await.unwrap();
    let mut client = server.client().unwrap();
    let sent = client.post("/v1/boleto-imports", &[("content-type", "text/csv")], file(count)).await.unwrap();
    assert_eq!(sent.status, 202, "{}", sent.text());

    let (oracle, chance) = (Oracle::new(&url), Chance::new(count as u64));
    let begun = Instant::now();
    while sink.count() == 0 {
        assert!(begun.elapsed() < PATIENCE, "no letter came: {}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..delivery_kills() {
        tokio::time::sleep(Duration::from_millis(300 + chance.below(1_200) as u64)).await;
        server.kill_dash_nine().unwrap();
        // As if the minute had passed for which a dead process keeps its jobs.
        oracle
            .change("UPDATE job SET due_at = created_at WHERE finished_at IS NULL AND status = 'running'")
            .await;
        server.restart().await.unwrap();
    }
    let begun = Instant::now();
    let fates = loop {
        let fates = fates(&mut server.client().unwrap()).await;
        let on_their_way = fates.values().filter(|(status, _)| status == "queued").count();
        if fates.len() == count && on_their_way == 0 {
            break fates;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{on_their_way} of {} are on their way: {}",
            fates.len(),
            server.log()
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    judge(&fates, &sink, count);
    if let Some((_, id)) = fates.values().find(|(status, _)| status == "unknown") {
        send_again(&server, &sink, id).await;
    }
    read_a_letter(&sink.kept()[0]);
    server.stop().await.unwrap();
}

fn file(count: usize) -> String {
    let mut text = HEAD.to_owned();
    for row in 0..count {
        let address = if row % SILENT == 0 { String::new() } else { mailbox(row) };
        let day = if row % 2 == 0 { "2027-03-01" } else { "2024-03-01" };
        writeln!(text, "\"Ana, {row}\",{row},{address},{}.50,{day},{row}", row + 1).unwrap();
    }
    text
}

fn mailbox(row: usize) -> String {
    format!("payer{row}@example.com")
}

/// How each boleto's letter stands, and the boleto's id, by the row.
async fn fates(client: &mut Client) -> BTreeMap<usize, (String, String)> {
    let (mut fates, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/boletos?limit=500{cursor}")).await.unwrap().json();
        for boleto in page["data"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let row = text(&boleto["debt_id"]).parse().unwrap();
            fates.insert(row, (text(&boleto["delivery"]["status"]), text(&boleto["id"])));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return fates,
        }
    }
}

fn judge(fates: &BTreeMap<usize, (String, String)>, sink: &SmtpSink, count: usize) {
    let taken = sink.taken();
    assert!(taken.values().all(|&times| times == 1), "some letter came twice");
    let by_mailbox: BTreeMap<&str, &str> = taken.keys().map(|(to, id)| (to.as_str(), id.as_str())).collect();
    assert_eq!(by_mailbox.len(), taken.len(), "some mailbox got two letters");
    let mut unknown = 0;
    for (row, (status, id)) in fates {
        let (to, letter) = (mailbox(*row), format!("{id}-issued@localhost"));
        let got = by_mailbox.get(to.as_str()).copied();
        match status.as_str() {
            "sent" => assert_eq!(got, Some(letter.as_str())),
            "failed" => assert!(sink.refuses(&to) && got.is_none(), "{to} exists"),
            "unknown" => {
                unknown += 1;
                assert!(got.is_none_or(|got| got == letter), "{got:?}");
            }
            "none" => assert!(row % SILENT == 0 && got.is_none(), "{to} has an address"),
            other => panic!("{to} is {other}"),
        }
    }
    let at_most = IN_FLIGHT * usize::try_from(delivery_kills()).unwrap();
    assert!(unknown <= at_most, "{unknown} are unknown, {at_most} were in flight");
    let ((deferred, refused), kills) = (sink.turned_away(), delivery_kills());
    println!(
        "{count} boletos, {kills} kills, {} letters, {unknown} unknown, {deferred} deferred, {refused} refused",
        taken.len()
    );
}

/// A letter of unknown fate is sent again on request, and is another letter.
async fn send_again(server: &Server, sink: &SmtpSink, id: &str) {
    let mut client = server.client().unwrap();
    let again = client.post(&format!("/v1/boletos/{id}/resend"), &[], "").await.unwrap();
    assert_eq!((again.status.as_u16(), again.json()["delivery"]["status"].as_str()), (202, Some("queued")));
    let begun = Instant::now();
    loop {
        let boleto = client.get(&format!("/v1/boletos/{id}")).await.unwrap().json();
        match boleto["delivery"]["status"].as_str().unwrap() {
            "sent" => break,
            "failed" => return assert!(sink.refuses(boleto["payer"]["email"].as_str().unwrap())),
            _ => assert!(begun.elapsed() < PATIENCE, "{boleto}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let letter = format!("{id}-resent-1@localhost");
    assert_eq!(
        sink.taken().into_iter().filter(|((_, id), _)| *id == letter).map(|(_, times)| times).sum::<u32>(),
        1
    );
}

fn read_a_letter(text: &str) {
    for part in [
        "From: \"Demo via Comporta\" <comporta@localhost>",
        "Content-Type: multipart/mixed",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "Content-Type: application/pdf",
        "filename=\"boleto-",
        "Linha digit",
    ] {
        assert!(text.contains(part), "{part} is not in {}", &text[..text.len().min(6_000)]);
    }
}
