//! Debts on their way to boletos and letters, one by one and in files.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comporta_testkit::Client;
use serde_json::Value;

use super::callers::{Caller, Told};
use super::{House, Outage, PATIENCE};

/// Rows of a file, without addresses: their letters would take the machine's whole attention.
const ROWS: usize = 5_000;
/// Letters that the process with the role jobs may have under way at once.
const IN_FLIGHT: usize = 13;

/// Sends a file of debts; gives the import's path.
pub(crate) async fn send(told: &Arc<Told>, doors: [Client; 2], number: usize) -> String {
    let mut file = "name,governmentId,email,debtAmount,debtDueDate,debtId\n".to_owned();
    for row in 0..ROWS {
        writeln!(file, "Ana,{row},,{}.50,2030-01-01,file-{number}-{row}", row + 1).unwrap();
    }
    let mut caller = Caller::new(doors, number % 2, told);
    let headers = [("content-type", "text/csv")];
    let answer = caller.post("/v1/boleto-imports", &headers, &file.into(), 202).await;
    answer.header("location").unwrap().to_owned()
}

/// Checks that each debt has one boleto, and each that has an address one letter; but for the letters that a killed
/// process was at, which may have come or not and are said to be in doubt. Gives the figures.
pub(crate) async fn have_one_boleto_and_one_letter_each(
    house: &House,
    told: &Told,
    outages: &[Outage],
    imports: &[String],
) -> String {
    let mut client = house.server().client().unwrap();
    for import in imports {
        done(&mut client, import).await;
    }
    let boletos = all_settled(house, &mut client).await;
    let mut by_debt: HashMap<&str, &Value> = HashMap::new();
    for boleto in &boletos {
        let debt = boleto["debt_id"].as_str().unwrap();
        assert!(by_debt.insert(debt, boleto).is_none(), "{debt} has two boletos");
    }
    let numbers: HashSet<&str> =
        boletos.iter().map(|boleto| boleto["our_number"].as_str().unwrap()).collect();
    assert_eq!(numbers.len(), boletos.len(), "each has a number of its own");
    let debts = told.debts();
    assert_eq!(boletos.len(), debts.len() + imports.len() * ROWS);
    let taken = house.sink.taken();
    assert!(taken.values().all(|&times| times == 1), "a letter came twice");
    let mailboxes: HashSet<&str> = taken.keys().map(|(to, _)| to.as_str()).collect();
    assert_eq!(mailboxes.len(), taken.len(), "a mailbox got two letters");
    let mut unknown = 0;
    for debt in &debts {
        let (status, mailbox) =
            (&by_debt[debt.as_str()]["delivery"]["status"], format!("{debt}@example.com"));
        match status.as_str().unwrap() {
            "sent" => assert!(mailboxes.contains(mailbox.as_str()), "{debt} was sent"),
            "unknown" => unknown += 1,
            other => panic!("{debt} is {other}"),
        }
    }
    let kills = outages.iter().filter(|outage| outage.name.starts_with("jobs-")).count();
    assert!(unknown <= IN_FLIGHT * kills, "{unknown} are unknown after {kills} kills");
    format!("{} boletos, {} letters, {unknown} of them in doubt", boletos.len(), taken.len())
}

async fn done(client: &mut Client, path: &str) {
    let begun = Instant::now();
    loop {
        let import = client.get(path).await.unwrap().json();
        if import["status"] == "completed" {
            return assert_eq!(import["issued"].as_u64(), Some(ROWS as u64), "{import}");
        }
        assert!(import["status"] == "running" && begun.elapsed() < PATIENCE, "{import}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every boleto, once no letter is on its way.
async fn all_settled(house: &House, client: &mut Client) -> Vec<Value> {
    // As if the minute had passed for which a dead process keeps its jobs.
    let statement = "UPDATE job SET due_at = created_at WHERE finished_at IS NULL AND status = 'running'";
    house.oracle.change(statement).await;
    let begun = Instant::now();
    loop {
        let boletos = all(client).await;
        let on_their_way = boletos.iter().filter(|boleto| boleto["delivery"]["status"] == "queued").count();
        if on_their_way == 0 {
            return boletos;
        }
        assert!(begun.elapsed() < PATIENCE, "{on_their_way} are on their way: {}", house.server().log());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn all(client: &mut Client) -> Vec<Value> {
    let (mut boletos, mut path) = (Vec::new(), "/v1/boletos?limit=500".to_owned());
    loop {
        let page = client.get(&path).await.unwrap().json();
        boletos.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/boletos?limit=500&cursor={cursor}"),
            None => return boletos,
        }
    }
}
