//! Callers that write at random and callers that read beside them.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use bytes::Bytes;
use comporta_testkit::{Answer, Client, EntryBody, batch};

use crate::{Chance, Day, Line, Movement, Tally, daily_balances};

const LARGEST_BATCH: usize = 20;

/// What a writer is about to send.
struct Request {
    path: String,
    lines: Vec<Line>,
    body: Bytes,
}

/// Writes until a moment: single entries, batches, and on accounts that take debits also reversals. Now and then a
/// request carries a key and is sent twice.
pub async fn write_until(end: Instant, mut client: Client, tally: Arc<Tally>, seed: u64) {
    let chance = Chance::new(seed);
    // Entries that may be taken back: each once, and a reversal is not itself reversed.
    let mut reversible = Vec::new();
    let mut number = 0;
    while Instant::now() < end {
        number += 1;
        let request = choose(&tally, &chance, &mut reversible);
        let key = chance.percent(20).then(|| format!("{seed}-{number}"));
        tally.send(&request.lines);
        let Some(answer) = send(&mut client, &tally, &request, key.as_deref()).await else { continue };
        tally.acknowledge(&request.lines);
        if request.path == "/v1/entries" && !tally.accounts[request.lines[0].account].credit_only {
            reversible.push((answer.json()["id"].as_str().unwrap().to_owned(), request.lines[0]));
        }
        if key.is_some()
            && let Some(again) = send(&mut client, &tally, &request, key.as_deref()).await
        {
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{}", again.text());
            assert_eq!(again.text(), answer.text(), "the answer is the first one's");
        }
    }
}

/// Reads until a moment: each day of each answer must lie between what was acknowledged before the read began and
/// what had been sent when it ended. Only accounts that merely grow can be judged so while others write.
pub async fn read_until(end: Instant, mut client: Client, tally: Arc<Tally>, seed: u64) {
    let chance = Chance::new(seed);
    let growing: Vec<usize> =
        (0..tally.accounts.len()).filter(|&at| tally.accounts[at].credit_only).collect();
    while Instant::now() < end {
        let account = growing[chance.below(growing.len())];
        let first = chance.below(tally.days.len());
        let last = first + chance.below(tally.days.len() - first);
        let least = tally.acknowledged(account);
        let id = &tally.accounts[account].id;
        let days = daily_balances(&mut client, id, &tally.days[first], &tally.days[last]).await;
        let most = tally.sent(account);
        assert_eq!(days.len(), last - first + 1, "every day is there");
        let opening = tally.accounts[account].opening;
        for (day, at) in days.iter().zip(first..) {
            assert_between(day, at, opening, &least, &most);
        }
        tally.reads.fetch_add(1, SeqCst);
    }
}

fn assert_between(day: &Day, at: usize, opening: i64, least: &[Movement], most: &[Movement]) {
    let until =
        |movements: &[Movement]| opening + movements[..=at].iter().map(|day| day.credits).sum::<i64>();
    let bounds = [
        ("credits", least[at].credits, day.movement.credits, most[at].credits),
        ("debits", 0, day.movement.debits, 0),
        ("entries", least[at].entries, day.movement.entries, most[at].entries),
        ("closing", until(least), day.closing, until(most)),
    ];
    for (what, least, found, most) in bounds {
        assert!(
            (least..=most).contains(&found),
            "{what} of {}: {found} is not in {least}..={most}",
            day.date
        );
    }
}

fn choose(tally: &Tally, chance: &Chance, reversible: &mut Vec<(String, Line)>) -> Request {
    if !reversible.is_empty() && chance.percent(15) {
        let (id, line) = reversible.swap_remove(chance.below(reversible.len()));
        let opposite = Line { credit: !line.credit, ..line };
        return Request {
            path: format!("/v1/entries/{id}/reversal"),
            lines: vec![opposite],
            body: "{}".into(),
        };
    }
    if chance.percent(20) {
        let lines: Vec<Line> = (0..=chance.below(LARGEST_BATCH)).map(|_| line(tally, chance)).collect();
        let entries: Vec<EntryBody> = lines.iter().map(|line| entry(tally, *line)).collect();
        return Request { path: "/v1/entries/batch".to_owned(), lines, body: batch(&entries) };
    }
    let line = line(tally, chance);
    Request { path: "/v1/entries".to_owned(), lines: vec![line], body: (&entry(tally, line)).into() }
}

fn line(tally: &Tally, chance: &Chance) -> Line {
    let account = chance.below(tally.accounts.len());
    let credit = tally.accounts[account].credit_only || chance.percent(50);
    let centavos = 1 + chance.below(100_000) as i64;
    Line { account, day: chance.below(tally.days.len()), credit, centavos }
}

fn entry(tally: &Tally, line: Line) -> EntryBody {
    let new = if line.credit { EntryBody::credit } else { EntryBody::debit };
    new(line.centavos, "at random").account(&tally.accounts[line.account].id).on(&tally.days[line.day])
}

/// The 201, or nothing, and the refusal is noted.
async fn send(client: &mut Client, tally: &Tally, request: &Request, key: Option<&str>) -> Option<Answer> {
    let headers: Vec<(&str, &str)> = key.iter().map(|key| ("idempotency-key", *key)).collect();
    let refusal = match client.post(&request.path, &headers, request.body.clone()).await {
        Ok(answer) if answer.status == 201 => return Some(answer),
        Ok(answer) => format!("{}: {} {}", request.path, answer.status, answer.text()),
        Err(failure) => format!("{}: {failure}", request.path),
    };
    tally.refused.lock().unwrap().push(refusal);
    None
}
