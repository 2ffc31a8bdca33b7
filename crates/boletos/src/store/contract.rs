//! What boletos must do on either engine: each test runs on both.

mod accounts;
mod boletos;
mod imports;
mod letters;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use comporta_db::{Blobs, Connection, Db, Options};
use comporta_http::{Remembered, StatusCode};
use comporta_jobs::Queue;
use comporta_kernel::{Clock, CompanyId, IdSource, ManualClock, Rng, TypedId as _, Uuid};
use comporta_pdf::Fonts;
use futures_util::stream;
use tempfile::TempDir;

use super::Pace;
use super::imports::ChunkKey;
use crate::model::{AccountDocument, DocumentProfile, Import, Problem};
use crate::service::{Boletos, Outcome, Upload};
use crate::slip::Slips;
use crate::{Beneficiaries, Beneficiary, Error, Neighbours};

pub(crate) const HEAD: &str = "name,governmentId,email,debtAmount,debtDueDate,debtId\n";

/// Slips of a file at most, so that a few are too many.
pub(crate) const MOST_SLIPS: usize = 150;

/// The company that every company is, and how often it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Padaria(pub(crate) AtomicUsize);

#[async_trait]
impl Beneficiaries for Padaria {
    async fn beneficiary(
        &self,
        _: CompanyId,
    ) -> Result<Beneficiary, Box<dyn std::error::Error + Send + Sync>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(crate::letter::tests::padaria())
    }
}

/// Boletos on a new database, with one company that has an account, and chunks and turns of a few rows.
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) boletos: Boletos,
    pub(crate) company: CompanyId,
    pub(crate) clock: ManualClock,
    pub(crate) asked: Arc<Padaria>,
    pub(crate) files: Arc<TempDir>,
}

impl World {
    pub(crate) async fn at(url: String) -> Self {
        let db = Db::open(&Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 })
            .await
            .unwrap();
        db.migrate().await.unwrap();
        let world = Self::beside(&db, &Arc::new(TempDir::new().unwrap()));
        world.add_company(world.company).await;
        let mut tx = db.begin().await.unwrap();
        world.boletos.add_account_in(&mut tx, world.company, itau()).await.unwrap();
        tx.commit().await.unwrap();
        world
    }

    /// Another process on the same database and files.
    fn beside(db: &Db, files: &Arc<TempDir>) -> Self {
        let hand = ManualClock::at("2026-11-21T15:00:00Z".parse().unwrap());
        let clock = Clock::from(hand.clone());
        let ids = IdSource::new(clock.clone(), Rng::system());
        let blobs = Blobs::open(files.path().to_str().unwrap(), &BTreeMap::new()).unwrap();
        let queue = Queue::new(clock.clone(), ids.clone());
        let zone = "America/Sao_Paulo".parse().unwrap();
        let pace = Pace { chunk_bytes: 400, rows: 4, turn: Duration::from_secs(1) };
        let slips = Arc::new(Slips::new(Arc::new(Fonts::load().unwrap())));
        let beneficiaries = Arc::new(Padaria::default());
        let asked = Arc::clone(&beneficiaries);
        let neighbours = Neighbours { files: blobs, queue, beneficiaries, slips };
        let boletos = Boletos::new(db, neighbours, clock, ids, zone).at_pace(pace, MOST_SLIPS);
        let company = CompanyId::from_uuid(Uuid::from_u128(7));
        Self { db: db.clone(), boletos, company, clock: hand, asked, files: Arc::clone(files) }
    }

    pub(crate) fn another(&self) -> Self {
        Self::beside(&self.db, &self.files)
    }

    async fn add_company(&self, company: CompanyId) {
        const SQL: &str =
            "INSERT INTO company (id, name, status, created_at) VALUES ($1, 'Padaria', 'active', ";
        let mut tx = self.db.begin().await.unwrap();
        match tx.connection() {
            Connection::Postgres(db) => {
                let text = sqlx::AssertSqlSafe(format!("{SQL} now())"));
                sqlx::query(text).bind(company.uuid()).execute(db).await.unwrap();
            }
            Connection::Sqlite(db) => {
                let text = sqlx::AssertSqlSafe(format!("{SQL} 0)"));
                sqlx::query(text).bind(company.uuid()).execute(db).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }

    async fn take_in(&self, text: &str) -> Result<Import, Error> {
        self.clock.advance(jiff::SignedDuration::from_millis(1));
        let upload = Upload { documents: DocumentProfile::Any, bank_account_id: None, key: None };
        let pieces: Vec<_> = text
            .as_bytes()
            .chunks(700)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        let answer = |_: &Import| Remembered::new(StatusCode::ACCEPTED, &"");
        match self.boletos.take_in(self.company, upload, stream::iter(pieces), answer).await? {
            Outcome::Done(import) => Ok(import),
            Outcome::Repeated(_) => unreachable!("there is no key"),
        }
    }

    /// Works through all chunks of an import, as jobs do.
    async fn work(&self, import: &Import) {
        for number in 0.. {
            let key = ChunkKey { company: self.company, import: import.id, number };
            if self.boletos.problems(self.company, import.id, number).await.unwrap().is_none() {
                break;
            }
            self.boletos.issue_chunk(key).await.unwrap();
        }
    }

    pub(crate) async fn import(&self, rows: &str) -> Import {
        let import = self.take_in(&format!("{HEAD}{rows}")).await.unwrap();
        self.work(&import).await;
        self.boletos.import(self.company, import.id).await.unwrap()
    }

    /// The lines of an import's report.
    pub(crate) async fn report(&self, import: &Import) -> Vec<(u64, &'static str)> {
        let mut lines = Vec::new();
        for chunk in 0.. {
            match self.boletos.problems(self.company, import.id, chunk).await.unwrap() {
                Some(problems) => {
                    lines.extend(problems.iter().map(|Problem(line, _, code)| (*line, code.as_str())));
                }
                None => break,
            }
        }
        lines
    }
}

fn itau() -> AccountDocument {
    let text =
        r#"{"bank": "341", "agency": "0057", "account": "12345", "account_digit": "7", "wallet": "109"}"#;
    serde_json::from_str(text).unwrap()
}

/// Rows of debts whose ids are the numbers.
pub(crate) fn rows(numbers: impl IntoIterator<Item = u32>) -> String {
    numbers
        .into_iter()
        .map(|number| {
            format!(
                "Ana {number},{number},ana{number}@example.com,{}.50,2027-01-{:02},debt-{number}\n",
                number + 1,
                number % 28 + 1
            )
        })
        .collect()
}

/// What became of rows: read, issued, duplicates, rejected, warned.
pub(crate) fn counts(import: &Import) -> [u64; 5] {
    let counts = import.counts;
    [counts.rows_read, counts.issued, counts.duplicates, counts.rejected, counts.warned]
}

/// Runs one test on both engines.
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn holds($world: World) $body

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                holds(World::at(comporta_neighbours::fresh_sqlite_url()).await).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                holds(World::at(comporta_neighbours::fresh_postgres_url()).await).await;
            }
        }
    )+};
}
pub(crate) use on_both_engines;
