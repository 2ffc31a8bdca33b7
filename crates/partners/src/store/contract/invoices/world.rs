//! A service of bills on a database of its own, with companies on plans.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Connection, Db, Options};
use comporta_jobs::{JobError, Queue};
use comporta_kernel::{CompanyId, Currency, IdSource, ManualClock, Month, Rng, TypedId as _};
use comporta_pdf::Fonts;

use super::super::Witness;
use crate::{
    BillRun, BillingTerms, Bills, BillsInvoices, CompanyChange, InvoiceFilter, InvoiceLine, InvoiceWithLines,
    NewCompany, Partners, Pepper,
};

pub(super) const GOLD: &str = r#"{"price": {"base": "100.00", "tiers": [{"up_to": 100, "unit": "0"}, {"up_to": 1000, "unit": "0.0125"},
    {"unit": "0.004999"}], "bill": ["2xx", "4xx"]}}"#;
pub(super) const FLAT: &str = r#"{"price": {"base": "7.00"}}"#;

/// The service on a new database, at noon of 10 November 2026 in São Paulo.
pub(crate) struct World {
    pub(super) db: Db,
    pub(super) partners: Partners,
    pub(super) bills: Bills,
    pub(super) clock: ManualClock,
}

struct Nobody;

#[async_trait]
impl BillsInvoices for Nobody {
    async fn bill(&self, _: &InvoiceWithLines, _: Vec<u8>) -> Result<(), JobError> {
        Ok(())
    }
}

impl World {
    pub(super) async fn at(url: String) -> Self {
        let options = Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 };
        let db = Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        let clock = ManualClock::at("2026-09-10T15:00:00Z".parse().unwrap());
        let (rng, ids) = (Rng::seeded(7), IdSource::new(clock.clone().into(), Rng::seeded(8)));
        let pepper = Pepper::from_text(&"p".repeat(32)).unwrap();
        let partners = Partners::new(&db, pepper, clock.clone().into(), rng, Arc::new(Witness));
        let queue = Queue::new(clock.clone().into(), ids.clone());
        let terms = BillingTerms {
            biller: None,
            zone: "America/Sao_Paulo".parse().unwrap(),
            currency: Currency::BRL,
            due_days: 10,
        };
        let fonts = Arc::new(Fonts::load().unwrap());
        let bills = Bills::new(&db, queue, clock.clone().into(), ids, terms, fonts, Arc::new(Nobody));
        let world = Self { db, partners, bills, clock };
        for (name, terms) in [("gold", GOLD), ("flat", FLAT), ("free", "{}")] {
            world.put_plan(name, terms).await;
        }
        world
    }

    /// With a company that bills, which holds no plan itself.
    pub(super) async fn with_biller(url: String) -> Self {
        let world = Self::at(url).await;
        let biller = world.company("Demo", None).await;
        let mut tx = world.db.begin().await.unwrap();
        world.bills.note_biller_in(&mut tx, biller).await.unwrap();
        tx.commit().await.unwrap();
        world
    }

    pub(super) async fn put_plan(&self, name: &str, terms: &str) {
        let terms = serde_json::from_str(terms).unwrap();
        self.partners.put_plan(&name.parse().unwrap(), &terms).await.unwrap();
    }

    pub(super) async fn company(&self, name: &str, plan: Option<&str>) -> CompanyId {
        let new = NewCompany {
            name: name.parse().unwrap(),
            document: None,
            email: None,
            address: None,
            plan: plan.map(|plan| plan.parse().unwrap()),
        };
        self.partners.create_company(new).await.unwrap().id
    }

    pub(super) async fn give(&self, company: CompanyId, plan: Option<&str>) {
        let plan = Some(plan.map(|plan| plan.parse().unwrap()));
        let change = CompanyChange { plan, ..CompanyChange::default() };
        self.partners.change_company(company, change).await.unwrap();
    }

    pub(super) fn travel(&self, to: &str) {
        self.clock.set(to.parse().unwrap());
    }

    pub(super) async fn run(&self, month: &str) -> BillRun {
        self.bills.run(month.parse().unwrap(), None).await.unwrap()
    }

    /// Adds calls as a meter does.
    pub(super) async fn use_up(&self, company: CompanyId, day: &str, class: i32, live: bool, requests: i64) {
        let sql = |day: &str, live: &str| {
            format!(
                "INSERT INTO usage_day (company_id, day, route, class, live, requests, bytes_in, bytes_out)
                VALUES ($1, {day}, 'r', {class}, {live}, $2, 0, 0)
                ON CONFLICT (company_id, day, route, class, live) DO UPDATE
                SET requests = usage_day.requests + excluded.requests"
            )
        };
        let mut tx = self.db.begin().await.unwrap();
        let (date, boolean) = (format!("'{day}'"), live.to_string());
        match tx.connection() {
            Connection::Postgres(db) => {
                let sql = sqlx::AssertSqlSafe(sql(&date, &boolean));
                sqlx::query(sql).bind(company.uuid()).bind(requests).execute(db).await.unwrap();
            }
            Connection::Sqlite(db) => {
                let sql = sqlx::AssertSqlSafe(sql(&date, &boolean));
                sqlx::query(sql).bind(company.uuid()).bind(requests).execute(db).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }

    pub(super) async fn number(&self, sql: &'static str) -> i64 {
        let mut tx = self.db.begin().await.unwrap();
        match tx.connection() {
            Connection::Postgres(db) => sqlx::query_scalar(sql).fetch_one(db).await.unwrap(),
            Connection::Sqlite(db) => sqlx::query_scalar(sql).fetch_one(db).await.unwrap(),
        }
    }

    pub(super) async fn invoices(&self, company: CompanyId) -> Vec<InvoiceWithLines> {
        let filter = InvoiceFilter { company_id: Some(company), ..InvoiceFilter::default() };
        let mut found = Vec::new();
        for invoice in self.bills.invoices(&filter, None, 500).await.unwrap().into_iter().rev() {
            found.push(self.bills.invoice(invoice.id, Some(company)).await.unwrap());
        }
        found
    }

    /// Every line of a company for a month, on whichever invoice.
    pub(super) async fn lines(&self, company: CompanyId, month: &str) -> Vec<InvoiceLine> {
        let month: Month = month.parse().unwrap();
        let all = self.invoices(company).await.into_iter().flat_map(|invoice| invoice.lines);
        all.filter(|line| line.month == month).collect()
    }
}
