//! What every store of invoices must do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use comporta_db::{Connection, Db, Options};
use comporta_jobs::{JobError, Queue};
use comporta_kernel::{CompanyId, Currency, IdSource, ManualClock, Month, Rng, Total, TypedId as _, Uuid};
use comporta_pdf::Fonts;
use jiff::SignedDuration;

use super::Witness;
use crate::{
    BillRun, BillingTerms, Bills, BillsInvoices, CompanyChange, Error, InvoiceFilter, InvoiceLine,
    InvoiceStatus, InvoiceWithLines, NewCompany, Partners, Pepper,
};

const GOLD: &str = r#"{"price": {"base": "100.00", "tiers": [{"up_to": 100, "unit": "0"}, {"up_to": 1000, "unit": "0.0125"},
    {"unit": "0.004999"}], "bill": ["2xx", "4xx"]}}"#;
const FLAT: &str = r#"{"price": {"base": "7.00"}}"#;

/// The service on a new database, at noon of 10 November 2026 in São Paulo.
struct World {
    db: Db,
    partners: Partners,
    bills: Bills,
    clock: ManualClock,
}

struct Nobody;

#[async_trait]
impl BillsInvoices for Nobody {
    async fn bill(&self, _: &InvoiceWithLines, _: Vec<u8>) -> Result<(), JobError> {
        Ok(())
    }
}

impl World {
    async fn at(url: String) -> Self {
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
        let fonts = Fonts::load().unwrap();
        let bills = Bills::new(&db, queue, clock.clone().into(), ids, terms, fonts, Arc::new(Nobody));
        let world = Self { db, partners, bills, clock };
        for (name, terms) in [("gold", GOLD), ("flat", FLAT), ("free", "{}")] {
            world.put_plan(name, terms).await;
        }
        world
    }

    /// With a company that bills, which holds no plan itself.
    async fn with_biller(url: String) -> Self {
        let world = Self::at(url).await;
        let biller = world.company("Demo", None).await;
        let mut tx = world.db.begin().await.unwrap();
        world.bills.note_biller_in(&mut tx, biller).await.unwrap();
        tx.commit().await.unwrap();
        world
    }

    async fn put_plan(&self, name: &str, terms: &str) {
        let terms = serde_json::from_str(terms).unwrap();
        self.partners.put_plan(&name.parse().unwrap(), &terms).await.unwrap();
    }

    async fn company(&self, name: &str, plan: Option<&str>) -> CompanyId {
        let new = NewCompany {
            name: name.parse().unwrap(),
            document: None,
            email: None,
            address: None,
            plan: plan.map(|plan| plan.parse().unwrap()),
        };
        self.partners.create_company(new).await.unwrap().id
    }

    async fn give(&self, company: CompanyId, plan: Option<&str>) {
        let plan = Some(plan.map(|plan| plan.parse().unwrap()));
        let change = CompanyChange { plan, ..CompanyChange::default() };
        self.partners.change_company(company, change).await.unwrap();
    }

    fn travel(&self, to: &str) {
        self.clock.set(to.parse().unwrap());
    }

    async fn run(&self, month: &str) -> BillRun {
        self.bills.run(month.parse().unwrap(), None).await.unwrap()
    }

    /// Adds calls as a meter does.
    async fn use_up(&self, company: CompanyId, day: &str, class: i32, live: bool, requests: i64) {
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

    async fn number(&self, sql: &'static str) -> i64 {
        let mut tx = self.db.begin().await.unwrap();
        match tx.connection() {
            Connection::Postgres(db) => sqlx::query_scalar(sql).fetch_one(db).await.unwrap(),
            Connection::Sqlite(db) => sqlx::query_scalar(sql).fetch_one(db).await.unwrap(),
        }
    }

    async fn invoices(&self, company: CompanyId) -> Vec<InvoiceWithLines> {
        let filter = InvoiceFilter { company_id: Some(company), ..InvoiceFilter::default() };
        let mut found = Vec::new();
        for invoice in self.bills.invoices(&filter, None, 500).await.unwrap().into_iter().rev() {
            found.push(self.bills.invoice(invoice.id, Some(company)).await.unwrap());
        }
        found
    }

    /// Every line of a company for a month, on whichever invoice.
    async fn lines(&self, company: CompanyId, month: &str) -> Vec<InvoiceLine> {
        let month: Month = month.parse().unwrap();
        let all = self.invoices(company).await.into_iter().flat_map(|invoice| invoice.lines);
        all.filter(|line| line.month == month).collect()
    }
}

fn sum<'l>(lines: impl IntoIterator<Item = &'l InvoiceLine>) -> String {
    lines.into_iter().map(|line| Total::from(line.amount)).sum::<Total>().to_string()
}

/// What GOLD costs, call by call, in millionths for each tier, rounded once for each.
fn gold(calls: i64) -> String {
    let mut tiers = [0_i128; 3];
    for call in 1..=calls {
        let (tier, unit) = match call {
            1..=100 => (0, 0),
            101..=1000 => (1, 12_500),
            _ => (2, 4_999),
        };
        tiers[tier] += unit;
    }
    let rounded = tiers.map(|millionths| {
        let (down, rest) = (millionths / 10_000, millionths % 10_000);
        down + i128::from(rest > 5_000 || (rest == 5_000 && down % 2 != 0))
    });
    Total::from_centavos(10_000 + rounded.iter().sum::<i128>()).to_string()
}

async fn a_month_is_billed_once_however_often_it_is_run(world: World) {
    let ana = world.company("Ana", Some("gold")).await;
    world.company("Bia", Some("free")).await;
    world.company("Cai", None).await;
    world.use_up(ana, "2026-10-31", 2, true, 2_000).await;
    world.travel("2026-11-01T03:00:00Z");
    let first = world.run("2026-10").await;
    assert_eq!((first.issued, first.invoices, first.failed), (1, 1, 0));
    let before = world.invoices(ana).await;
    world.clock.advance(SignedDuration::from_hours(1));
    for only in [None, Some(ana)] {
        let again = world.bills.run("2026-10".parse().unwrap(), only).await.unwrap();
        assert_eq!((again.issued, again.invoices), (0, 1));
    }
    assert_eq!(world.invoices(ana).await, before);

    let InvoiceWithLines { invoice, lines } = &before[0];
    assert_eq!(invoice.total.to_string(), gold(2_000));
    assert_eq!((invoice.issuer.name.as_str(), invoice.customer.name.as_str()), ("Demo", "Ana"));
    assert_eq!(
        (invoice.issue_date.to_string(), invoice.due_date.to_string()),
        ("2026-11-01".into(), "2026-11-11".into())
    );
    let shown: Vec<_> = lines.iter().map(|line| (line.quantity, line.amount.to_string())).collect();
    let expected = [(1, "100.00"), (100, "0.00"), (900, "11.25"), (1_000, "5.00")];
    assert_eq!(shown, expected.map(|(quantity, amount)| (quantity, amount.to_owned())));
    assert_eq!(world.number("SELECT count(*) FROM job WHERE name = 'send_invoice'").await, 1);
}

async fn runs_at_once_issue_one_invoice_for_each_company(world: World) {
    let world = Arc::new(world);
    for number in 0..12 {
        let company = world.company(&format!("company {number}"), Some("gold")).await;
        world.use_up(company, "2026-10-02", 2, true, 50 * number).await;
    }
    world.travel("2026-11-01T04:00:00Z");
    let runs = (0..6).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.run("2026-10").await })
    });
    let mut issued = 0;
    for run in runs.collect::<Vec<_>>() {
        let run = run.await.unwrap();
        assert_eq!(run.failed, 0);
        issued += run.issued;
    }
    assert_eq!(issued, 12);
    assert_eq!(world.number("SELECT count(DISTINCT company_id) FROM invoice").await, 12);
    assert_eq!(world.number("SELECT count(*) FROM job WHERE name = 'send_invoice'").await, 12);
}

async fn a_run_that_was_cut_off_is_completed_by_the_next(world: World) {
    let world = Arc::new(world);
    let mut companies = Vec::new();
    for number in 0..10 {
        companies.push(world.company(&format!("company {number}"), Some("gold")).await);
    }
    world.travel("2026-11-01T04:00:00Z");
    for patience in [1, 3, 7, 12] {
        let run = tokio::spawn({
            let world = Arc::clone(&world);
            async move { world.run("2026-10").await }
        });
        tokio::time::sleep(Duration::from_millis(patience)).await;
        run.abort();
        let _ = run.await;
    }
    assert_eq!(world.run("2026-10").await.invoices, 10);
    for company in companies {
        let invoices = world.invoices(company).await;
        assert_eq!((invoices.len(), sum(&invoices[0].lines)), (1, "100.00".to_owned()));
    }
    assert_eq!(world.number("SELECT count(*) FROM job WHERE name = 'send_invoice'").await, 10);
}

async fn a_months_invoices_equal_its_calls_to_the_centavo(world: World) {
    let mut state = 0x9E37_79B9_u64;
    let mut chance = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut billable: BTreeMap<CompanyId, i64> = BTreeMap::new();
    for number in 0..25 {
        let company = world.company(&format!("company {number}"), Some("gold")).await;
        billable.insert(company, 0);
        for _ in 0..12 {
            let day =
                ["2026-09-30", "2026-10-01", "2026-10-15", "2026-10-31", "2026-11-01"][chance(5) as usize];
            let (class, live) = ([2, 3, 4, 5, 9, 1][chance(6) as usize], chance(4) > 0);
            let requests = chance(400) as i64;
            world.use_up(company, day, class, live, requests).await;
            if live && [2, 4].contains(&class) && day.starts_with("2026-10") {
                *billable.entry(company).or_default() += requests;
            }
        }
    }
    world.travel("2026-11-01T04:00:00Z");
    assert_eq!(world.run("2026-10").await.issued, 25);
    let mut total = Total::ZERO;
    for (company, calls) in &billable {
        let invoice = &world.invoices(*company).await[0];
        assert_eq!(invoice.invoice.total.to_string(), gold(*calls), "{calls}");
        assert_eq!(sum(&invoice.lines), gold(*calls));
        total += invoice.invoice.total.into();
    }
    let kept = world.number("SELECT CAST(sum(amount) AS bigint) FROM invoice_line").await;
    assert_eq!(i128::from(kept), total.centavos());
}

async fn calls_found_late_are_new_lines_of_the_next_invoice(world: World) {
    let ana = world.company("Ana", Some("gold")).await;
    world.use_up(ana, "2026-09-30", 2, true, 950).await;
    world.travel("2026-10-01T04:00:00Z");
    world.run("2026-09").await;
    let september = world.invoices(ana).await.remove(0);

    world.use_up(ana, "2026-09-30", 2, true, 77).await;
    world.use_up(ana, "2026-10-05", 2, true, 10).await;
    assert_eq!(world.run("2026-09").await.issued, 0);
    assert_eq!(world.invoices(ana).await, std::slice::from_ref(&september), "what was issued stays");
    world.travel("2026-11-01T04:00:00Z");
    world.run("2026-10").await;
    let october = world.invoices(ana).await.remove(1);
    let corrections: Vec<_> = october.lines.iter().filter(|line| line.corrects.is_some()).collect();
    assert_eq!(corrections.iter().map(|line| line.quantity).collect::<Vec<_>>(), [50, 27]);
    assert!(corrections.iter().all(|line| line.corrects == Some(september.invoice.id)));
    assert_eq!(sum(&world.lines(ana, "2026-09").await), gold(1_027));
    assert_eq!(sum(&world.lines(ana, "2026-10").await), gold(10));

    // Who has left still owes what is found, and nothing more once it is billed.
    world.give(ana, None).await;
    world.use_up(ana, "2026-09-01", 4, true, 1_000).await;
    world.use_up(ana, "2026-11-02", 2, true, 1_000).await;
    world.travel("2026-12-01T04:00:00Z");
    assert_eq!(world.run("2026-11").await.issued, 1);
    let november = world.invoices(ana).await.remove(2);
    assert_eq!((november.invoice.plan, november.lines.len()), (None, 1));
    assert_eq!(sum(&world.lines(ana, "2026-09").await), gold(2_027));
    world.travel("2027-01-01T04:00:00Z");
    assert_eq!(world.run("2026-12").await.issued, 0);
}

async fn the_plan_held_at_the_months_end_is_billed_whenever_the_run_comes(world: World) {
    let (stays, changes, comes) = (
        world.company("Ana", Some("gold")).await,
        world.company("Bia", Some("gold")).await,
        world.company("Cai", None).await,
    );
    let leaves = world.company("Davi", Some("gold")).await;
    world.put_plan("old", FLAT).await;
    let removed = world.company("Eva", Some("old")).await;
    world.travel("2026-10-20T12:00:00Z");
    world.give(changes, Some("flat")).await;
    world.give(leaves, None).await;
    // 00:30 of the first in São Paulo: October is over.
    world.travel("2026-11-01T03:30:00Z");
    world.give(stays, Some("flat")).await;
    world.give(comes, Some("gold")).await;
    world.give(removed, Some("free")).await;
    world.partners.remove_plan(&"old".parse().unwrap()).await.unwrap();
    world.put_plan("old", GOLD).await;
    world.travel("2026-11-20T12:00:00Z");
    assert_eq!(world.run("2026-10").await.issued, 3);
    for (company, plan, total) in
        [(stays, "gold", "100.00"), (changes, "flat", "7.00"), (removed, "old", "7.00")]
    {
        let invoices = world.invoices(company).await;
        let invoice = &invoices[0].invoice;
        assert_eq!(
            (invoice.plan.as_ref().unwrap().as_str(), invoice.total.to_string()),
            (plan, total.to_owned())
        );
    }
    assert_eq!((world.invoices(comes).await.len(), world.invoices(leaves).await.len()), (0, 0));
}

async fn a_price_is_frozen_on_its_invoice(world: World) {
    let ana = world.company("Ana", Some("gold")).await;
    world.travel("2026-10-01T04:00:00Z");
    world.run("2026-09").await;
    world.put_plan("gold", FLAT).await;
    world.use_up(ana, "2026-09-12", 2, true, 1_500).await;
    world.travel("2026-11-01T04:00:00Z");
    world.run("2026-10").await;
    assert_eq!(sum(&world.lines(ana, "2026-09").await), gold(1_500));
    assert_eq!(sum(&world.lines(ana, "2026-10").await), "7.00");
}

async fn a_month_is_billed_when_it_is_over_where_it_is_billed(world: World) {
    world.travel("2026-11-01T02:59:59Z");
    let october: Month = "2026-10".parse().unwrap();
    assert!(matches!(world.bills.run(october, None).await, Err(Error::MonthNotOver)));
    world.travel("2026-11-01T03:00:00Z");
    assert_eq!((world.run("2026-10").await.issued, world.bills.last_month()), (0, Some(october)));
    let stranger = CompanyId::from_uuid(Uuid::from_u128(1));
    assert!(matches!(world.bills.run(october, Some(stranger)).await, Err(Error::UnknownCompany)));
}

async fn without_a_company_that_bills_nothing_is_billed(url: String) {
    let world = World::at(url).await;
    let ana = world.company("Ana", Some("gold")).await;
    world.travel("2026-11-01T04:00:00Z");
    assert!(matches!(world.bills.run("2026-10".parse().unwrap(), None).await, Err(Error::NoBiller)));
    assert_eq!(world.invoices(ana).await, []);
}

async fn a_company_sees_its_own_invoices_alone(world: World) {
    let (ana, bia) = (world.company("Ana", Some("flat")).await, world.company("Bia", Some("flat")).await);
    world.put_plan("nothing", r#"{"price": {}}"#).await;
    for (at, month) in [("2026-10-01T04:00:00Z", "2026-09"), ("2026-11-01T04:00:00Z", "2026-10")] {
        world.travel(at);
        world.run(month).await;
    }
    world.give(bia, Some("nothing")).await;
    world.travel("2026-12-01T04:00:00Z");
    world.run("2026-11").await;
    let theirs = world.invoices(bia).await;
    let id = theirs[0].invoice.id;
    assert!(matches!(world.bills.invoice(id, Some(ana)).await, Err(Error::NoSuchInvoice)));
    assert_eq!(world.bills.invoice(id, None).await.unwrap(), theirs[0]);

    let months = async |filter: InvoiceFilter| {
        let found = world.bills.invoices(&filter, None, 10).await.unwrap();
        found.iter().map(|invoice| invoice.month.to_string()).collect::<Vec<_>>()
    };
    let all = InvoiceFilter::default();
    assert_eq!(
        months(InvoiceFilter { company_id: Some(ana), ..all }).await,
        ["2026-11", "2026-10", "2026-09"]
    );
    assert_eq!(months(InvoiceFilter { month: Some("2026-10".parse().unwrap()), ..all }).await.len(), 2);
    let settled = InvoiceFilter { status: Some(InvoiceStatus::Paid), ..all };
    assert_eq!(months(settled).await, ["2026-11"], "nothing is owed of nothing");
    let first = world.bills.invoices(&all, None, 2).await.unwrap();
    let rest = world.bills.invoices(&all, Some(first[1].id), 10).await.unwrap();
    assert_eq!((first.len(), rest.len()), (2, 4));
}

async fn a_line_never_changes(world: World) {
    world.company("Ana", Some("gold")).await;
    world.travel("2026-11-01T04:00:00Z");
    world.run("2026-10").await;
    for sql in ["UPDATE invoice_line SET amount = 1", "DELETE FROM invoice_line"] {
        let mut tx = world.db.begin().await.unwrap();
        let refused = match tx.connection() {
            Connection::Postgres(db) => sqlx::query(sql).execute(db).await.is_err(),
            Connection::Sqlite(db) => sqlx::query(sql).execute(db).await.is_err(),
        };
        assert!(refused, "{sql}");
    }
}

macro_rules! with_a_biller_on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            use comporta_neighbours::fresh_sqlite_url;

            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::World::with_biller(fresh_sqlite_url()).await).await;
            })+

            #[tokio::test(flavor = "multi_thread")]
            async fn without_a_company_that_bills_nothing_is_billed() {
                super::without_a_company_that_bills_nothing_is_billed(fresh_sqlite_url()).await;
            }
        }

        mod postgres {
            use comporta_neighbours::fresh_postgres_url;

            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::World::with_biller(fresh_postgres_url()).await).await;
            })+

            #[tokio::test(flavor = "multi_thread")]
            async fn without_a_company_that_bills_nothing_is_billed() {
                super::without_a_company_that_bills_nothing_is_billed(fresh_postgres_url()).await;
            }
        }
    };
}

with_a_biller_on_both_engines! {
    a_month_is_billed_once_however_often_it_is_run,
    runs_at_once_issue_one_invoice_for_each_company,
    a_run_that_was_cut_off_is_completed_by_the_next,
    a_months_invoices_equal_its_calls_to_the_centavo,
    calls_found_late_are_new_lines_of_the_next_invoice,
    the_plan_held_at_the_months_end_is_billed_whenever_the_run_comes,
    a_price_is_frozen_on_its_invoice,
    a_month_is_billed_when_it_is_over_where_it_is_billed,
    a_company_sees_its_own_invoices_alone,
    a_line_never_changes,
}
