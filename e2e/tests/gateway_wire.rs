//! Whatever bytes a caller writes, an upstream that keeps every byte sees one request that can be read in one way, or
//! none; whatever bytes an upstream writes, a caller sees one such answer, or 502.
#![cfg(test)]

#[path = "gateway_wire/answers.rs"]
mod answers;
#[path = "gateway_wire/caller.rs"]
mod caller;
#[path = "gateway_wire/case.rs"]
mod case;
#[path = "gateway_wire/chunks.rs"]
mod chunks;
#[path = "gateway_wire/connections.rs"]
mod connections;
#[path = "gateway_wire/heads.rs"]
mod heads;
#[path = "gateway_wire/http2.rs"]
mod http2;
#[path = "gateway_wire/lanes.rs"]
mod lanes;
#[path = "gateway_wire/lengths.rs"]
mod lengths;
#[path = "gateway_wire/message.rs"]
mod message;
#[path = "gateway_wire/recorder.rs"]
mod recorder;
#[path = "gateway_wire/streams.rs"]
mod streams;
#[path = "gateway_wire/targets.rs"]
mod targets;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use caller::Caller;
use case::{Case, Outcome, Seen};
use lanes::Lanes;
use message::Message;
use recorder::{Record, Recorder};

/// Said after each case on the same connection: who reads a case's end elsewhere than the gateway finds it here.
const AFTER: &str = "GET /~/after HTTP/1.1\r\nhost: a.test\r\n\r\n";

/// How long an upstream may take to read what lies there.
const SETTLING: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_long_a_body_is_is_said_once_and_plainly_or_the_request_goes_nowhere() {
    hold(lengths::cases(), 75).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_arrive_as_they_were_meant_or_without_an_end() {
    hold(chunks::cases(), 70).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_servers_read_differently_goes_nowhere() {
    hold(heads::cases(), 110).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_spelling_of_a_target_leads_round_a_rule() {
    hold(targets::cases(), 95).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_neither_speaks_for_the_gateway_nor_changes_the_protocol() {
    hold(connections::cases(), 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_said_in_one_breath_arrive_one_by_one_and_in_order() {
    let lanes = Lanes::start().await;
    let mut caller = Caller::connect(lanes.public()).await;
    let requests = [
        Case::once(case::get(""), "GET", "/~/x"),
        Case::once(case::post("content-length: 5\r\n", "hello"), "POST", "/~/x").body(b"hello"),
        Case::once(case::post("transfer-encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"), "POST", "/~/x")
            .body(b"hi"),
        Case::once(AFTER, "GET", "/~/after"),
    ];
    let bytes: Vec<u8> = requests.iter().flat_map(|request| request.bytes("/l0")).collect();
    caller.say(&bytes).await;
    for _ in &requests {
        assert_eq!(caller.answer("GET").await.unwrap().unwrap().status(), 200);
    }
    let record = lanes.recorders[0].take().await;
    assert!(record.faults.is_empty() && record.requests.len() == requests.len(), "{record:?}");
    for (request, seen) in requests.iter().zip(&record.requests) {
        let Outcome::Once(expected) = &request.outcome else { unreachable!() };
        assert_eq!(expected.differs(seen, "/l0"), None);
    }
    lanes.stop().await;
}

/// Runs cases on all lanes and tells of all that fail at once.
async fn hold(cases: Vec<Case>, at_least: usize) {
    assert!(cases.len() >= at_least, "{} cases", cases.len());
    let lanes = Arc::new(Lanes::start().await);
    let (cases, next) = (Arc::new(cases), Arc::new(AtomicUsize::new(0)));
    let mut workers = tokio::task::JoinSet::new();
    for lane in 0..lanes.recorders.len() {
        let (lanes, cases, next) = (Arc::clone(&lanes), Arc::clone(&cases), Arc::clone(&next));
        workers.spawn(async move {
            let mut failures = Vec::new();
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(fault) =
                    run(case, lanes.public(), &lanes.recorders[lane], &lanes::path(lane)).await
                {
                    let text: String = case.text.chars().take(200).collect();
                    failures.push(format!("{text:?}\n    {fault}"));
                }
            }
            failures
        });
    }
    let failures: Vec<String> = workers.join_all().await.into_iter().flatten().collect();
    println!("{} cases, {} failed", cases.len(), failures.len());
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    Arc::into_inner(lanes).unwrap().stop().await;
}

async fn run(case: &Case, gateway: SocketAddr, recorder: &Recorder, lane: &str) -> Result<(), String> {
    let mut caller = Caller::connect(gateway).await;
    let after = AFTER.replace("/~", lane);
    let told = match &case.outcome {
        Outcome::Refused | Outcome::CutOff | Outcome::Overrun => {
            caller.say(&[&case.bytes(lane), after.as_bytes()].concat()).await;
            caller.answers_until_closed().await.and_then(|answers| is_one_refusal(&answers))
        }
        Outcome::Denied(status) => {
            caller.say(&case.bytes(lane)).await;
            caller.answer("GET").await.and_then(|answer| has_status(answer.as_ref(), *status))
        }
        Outcome::Once(seen) => {
            caller.say(&case.bytes(lane)).await;
            answered_once(&mut caller, seen, &after).await
        }
    };
    settle(gateway, lane).await?;
    let mut record = recorder.take().await;
    record.requests.retain(|request| !request.start.ends_with("/settled HTTP/1.1"));
    let seen = is_as_expected(case, &record, lane);
    told.and(seen).map_err(|fault| format!("{fault}; upstream: {}", tell(&record)))
}

/// Waits until a request that begins now has been answered by the upstream: what was sent before is there by then.
async fn settle(gateway: SocketAddr, lane: &str) -> Result<(), String> {
    let mut caller = Caller::connect(gateway).await;
    caller.say(format!("GET {lane}/settled HTTP/1.1\r\nhost: a.test\r\n\r\n").as_bytes()).await;
    let answer = caller.answer("GET").await?;
    // Its bytes lie there, perhaps unread yet.
    tokio::time::sleep(SETTLING).await;
    has_status(answer.as_ref(), 200)
}

fn is_one_refusal(answers: &[Message]) -> Result<(), String> {
    let statuses: Vec<u16> = answers.iter().map(Message::status).collect();
    match statuses[..] {
        [] | [400..=499] => Ok(()),
        _ => Err(format!("answered {statuses:?}")),
    }
}

fn has_status(answer: Option<&Message>, status: u16) -> Result<(), String> {
    let given = answer.map(Message::status);
    if given == Some(status) { Ok(()) } else { Err(format!("answered {given:?}")) }
}

async fn answered_once(caller: &mut Caller, seen: &Seen, after: &str) -> Result<(), String> {
    let answer = caller.answer(seen.method).await?;
    has_status(answer.as_ref(), 200)?;
    caller.say(after.as_bytes()).await;
    let next = caller.answer("GET").await?;
    if seen.last {
        return if next.is_none() { Ok(()) } else { Err("the connection was kept".to_owned()) };
    }
    has_status(next.as_ref(), 200)
}

/// What the upstream saw of a case.
fn is_as_expected(case: &Case, record: &Record, lane: &str) -> Result<(), String> {
    if let Some(fault) = record.faults.first() {
        return Err(format!("ambiguous upstream: {fault}"));
    }
    if record.unfinished > 0 {
        return Err("half a request lies upstream on an open connection".to_owned());
    }
    let (cut_off, requests) = (record.cut_off.len(), record.requests.len());
    match &case.outcome {
        Outcome::CutOff if requests == 0 => Ok(()),
        Outcome::Overrun if requests <= 1 => Ok(()),
        Outcome::Refused | Outcome::Denied(_) if requests + cut_off == 0 => Ok(()),
        Outcome::Once(seen) if cut_off == 0 && requests == if seen.last { 1 } else { 2 } => {
            seen.differs(&record.requests[0], lane).map_or(Ok(()), Err)
        }
        _ => Err(format!("{requests} whole, {cut_off} cut off")),
    }
}

fn tell(record: &Record) -> String {
    let whole = record.requests.iter().map(|request| format!("{:?}", request.start));
    let cut_off = record.cut_off.iter().map(|bytes| format!("cut off: {}", bytes.escape_ascii()));
    whole.chain(cut_off).chain(record.faults.iter().cloned()).collect::<Vec<_>>().join(", ")
}
