//! What is in the database before it is lost.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use comporta_testkit::{Client, EntryBody, batch};

use crate::Outcome;

const BATCH: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(1800);
const GLANCE: Duration = Duration::from_millis(100);
/// Days over which entries lie.
const DAYS: usize = 28;

/// Posts so many entries of one real each, all acknowledged when this returns.
pub(super) async fn entries(client: &mut Client, count: usize, words: &str) -> Outcome {
    let mut left = count;
    while left > 0 {
        let some = left.min(BATCH);
        let entries: Vec<EntryBody> = (0..some)
            .map(|number| {
                let day = format!("2026-01-{:02}", (left - number) % DAYS + 1);
                EntryBody::credit(100, words).on(&day)
            })
            .collect();
        let answer = client.post("/v1/entries/batch", &[], batch(&entries)).await?;
        if answer.status != 201 {
            return Err(answer.text().into());
        }
        left -= some;
    }
    Ok(())
}

/// Imports so many boletos, all issued when this returns.
pub(super) async fn boletos(client: &mut Client, count: usize) -> Outcome {
    if count == 0 {
        return Ok(());
    }
    let mut file = "name,governmentId,email,debtAmount,debtDueDate,debtId\n".to_owned();
    for number in 0..count {
        writeln!(file, "Ana,{number},a{number}@example.com,10.50,2027-01-01,debt-{number}")?;
    }
    let answer = client.post("/v1/boleto-imports", &[("content-type", "text/csv")], file).await?;
    let path = answer.header("location").ok_or_else(|| answer.text())?.to_owned();
    let begun = Instant::now();
    loop {
        let import = client.get(&path).await?.json();
        match import["status"].as_str() {
            Some("completed") if import["issued"].as_u64() == Some(count as u64) => return Ok(()),
            Some("running") if begun.elapsed() < PATIENCE => tokio::time::sleep(GLANCE).await,
            _ => return Err(import.to_string().into()),
        }
    }
}
