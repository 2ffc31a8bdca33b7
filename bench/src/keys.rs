//! The key ring with few companies and with many: what it takes to load, to hold, to ask and to change.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use comporta_db::{Db, Options, Tx, Url};
use comporta_kernel::{Clock, CompanyId, Rng, Timestamp};
use comporta_partners::{
    AllowedAddresses, KeyId, KeyMode, KeyRing, NewCompany, NewKey, OnCompanyCreated, Partners, Pepper, Scopes,
};

use crate::{Outcome, memory};

/// Companies made in one transaction.
const BATCH: u32 = 500;
/// Keys that are asked for in turn, however many there are: the processor's caches hold what belongs to them.
const FEW: usize = 1_000;
/// And as many as they do not hold.
const MANY: u32 = 10_000;
const LOOKUPS: u32 = 300_000;
const CHANGES: u32 = 50;
const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Which sizes to measure.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Companies, each with one key
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000])]
    companies: Vec<u32>,
}

/// Nobody has anything to add to a new company here.
struct Nobody;

#[async_trait::async_trait]
impl OnCompanyCreated for Nobody {
    async fn company_created(
        &self,
        _: &mut Tx,
        _: CompanyId,
        _: Timestamp,
    ) -> Result<(), comporta_db::Error> {
        Ok(())
    }
}

/// What was measured of one size.
struct Figures {
    load: Duration,
    memory: f64,
    /// Nanoseconds, where few keys are asked for in turn, and where many are.
    lookups: [f64; 2],
    change: Duration,
}

pub(crate) async fn run(arguments: &Arguments) -> Outcome {
    println!(
        "{:>10} {:>9} {:>11} {:>11} {:>13} {:>10}",
        "companies", "load, ms", "memory, MiB", "lookup, ns", "of 10,000, ns", "change, µs"
    );
    for &companies in &arguments.companies {
        let folder = tempfile::tempdir()?;
        let figures = measure(folder.path(), companies).await?;
        let Figures { load, memory, lookups: [few, many], change } = figures;
        let (load, change) = (load.as_secs_f64() * 1e3, change.as_secs_f64() * 1e6);
        println!("{companies:>10} {load:>9.1} {memory:>11.1} {few:>11.0} {many:>13.0} {change:>10.0}");
    }
    Ok(())
}

async fn measure(folder: &Path, companies: u32) -> Outcome<Figures> {
    let url = Url::Sqlite(folder.join("keys.db"));
    let db = Db::open(&Options { url, read_url: None, max_connections: 4 }).await?;
    db.migrate().await?;
    let pepper = Pepper::from_text(&"a pepper for a bench ".repeat(2))?;
    let partners = Partners::new(&db, pepper, Clock::system(), Rng::system(), Arc::new(Nobody));
    let keys = fill(&db, &partners, companies).await?;
    let before = memory::resident(std::process::id())?;
    let begun = Instant::now();
    let ring = KeyRing::open(partners.clone()).await?;
    let load = begun.elapsed();
    let memory = (memory::resident(std::process::id())? - before).max(0.0);
    let lookups = [lookup(&ring, &keys[..keys.len().min(FEW)])?, lookup(&ring, &keys)?];
    let change = change(&partners, &ring, &keys).await?;
    db.close().await;
    Ok(Figures { load, memory, lookups, change })
}

/// Makes companies with a key each; gives some of the keys.
async fn fill(db: &Db, partners: &Partners, companies: u32) -> Outcome<Vec<(KeyId, String)>> {
    let every = (companies / MANY).max(1);
    let scopes: Scopes = "ledger:read,ledger:write".parse()?;
    let mut keys = Vec::new();
    for first in (0..companies).step_by(BATCH as usize) {
        let mut tx = db.begin().await?;
        for number in first..companies.min(first + BATCH) {
            let name = format!("Company {number}").parse()?;
            let email = Some("somebody@example.com".parse()?);
            let new = NewCompany { name, document: None, email, address: None, plan: None };
            let company = partners.create_company_in(&mut tx, new).await?;
            let new = NewKey {
                name: "till".parse()?,
                scopes: scopes.clone(),
                mode: KeyMode::Live,
                expires_at: None,
                allowed_addresses: AllowedAddresses::default(),
            };
            let issued = partners.create_key_in(&mut tx, company.id, new).await?;
            if number % every == 0 {
                keys.push((issued.key.id, issued.text.expose().to_owned()));
            }
        }
        tx.commit().await?;
    }
    Ok(keys)
}

/// Nanoseconds for each key that is asked for, its hash included.
fn lookup(ring: &KeyRing, keys: &[(KeyId, String)]) -> Outcome<f64> {
    let begun = Instant::now();
    for (_, text) in keys.iter().cycle().take(LOOKUPS as usize) {
        black_box(ring.authenticate(text, Some(FROM))?);
    }
    Ok(begun.elapsed().as_secs_f64() * 1e9 / f64::from(LOOKUPS))
}

/// How long the ring takes to take over one change, the question to the database included.
async fn change(partners: &Partners, ring: &KeyRing, keys: &[(KeyId, String)]) -> Outcome<Duration> {
    let mut took = Duration::ZERO;
    let mut changes = 0;
    for (key, _) in keys.iter().take(CHANGES as usize) {
        partners.revoke_key(*key).await?;
        let begun = Instant::now();
        ring.refresh().await?;
        took += begun.elapsed();
        changes += 1;
    }
    Ok(took / changes.max(1))
}
