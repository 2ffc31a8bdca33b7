//! Leases under faults: never more than the quota, and nothing lost but what a dead process held.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;

use async_trait::async_trait;
use comporta_kernel::Timestamp;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::model::{Ask, Grant, LeaseTally, PeriodTally};

/// What happens to a message to the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    /// It does not arrive.
    Lost,
    /// It is done, but nobody hears of it.
    AnswerLost,
    /// It is done later, when its sender has long given up.
    Late,
}

/// A database in memory, with faults.
#[derive(Default)]
struct Database {
    now: Mutex<Timestamp>,
    fault: Mutex<Fault>,
    periods: Mutex<HashMap<Box<str>, PeriodTally>>,
    leases: Mutex<HashMap<(Box<str>, Uuid), LeaseTally>>,
    late: Mutex<Vec<(Uuid, Vec<Ask>)>>,
    asked: AtomicUsize,
}

impl Database {
    fn at(now: &str) -> Arc<Self> {
        let database = Self::default();
        *database.now.lock().unwrap() = now.parse().unwrap();
        Arc::new(database)
    }

    fn apply(&self, instance: Uuid, asks: &[Ask]) -> Vec<Grant> {
        let (mut periods, mut leases) = (self.periods.lock().unwrap(), self.leases.lock().unwrap());
        let settle = |ask: &Ask| {
            let period = periods.entry(ask.period.name.clone()).or_default();
            let lease = leases.entry((ask.period.name.clone(), instance)).or_default();
            let (grant, _) = ask.settle(period, lease);
            assert!(lease.returned <= lease.granted);
            grant
        };
        asks.iter().map(settle).collect()
    }

    fn granted(&self) -> u64 {
        self.periods.lock().unwrap().values().map(|period| period.granted).sum()
    }

    /// What an instance was granted and has not returned.
    fn held_by(&self, instance: Uuid) -> u64 {
        let leases = self.leases.lock().unwrap();
        let of_it = leases.iter().filter(|((_, of), _)| *of == instance);
        of_it.map(|(_, lease)| lease.granted - lease.returned).sum()
    }

    fn fails(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

#[async_trait]
impl QuotaStore for Database {
    async fn now(&self) -> Result<Timestamp, comporta_db::Error> {
        Ok(*self.now.lock().unwrap())
    }

    async fn settle(&self, instance: Uuid, asks: &[Ask]) -> Result<Vec<Grant>, comporta_db::Error> {
        self.asked.fetch_add(1, Relaxed);
        match *self.fault.lock().unwrap() {
            Fault::None => return Ok(self.apply(instance, asks)),
            Fault::Lost => {}
            Fault::AnswerLost => drop(self.apply(instance, asks)),
            Fault::Late => self.late.lock().unwrap().push((instance, asks.to_vec())),
        }
        Err(sqlx::Error::PoolClosed.into())
    }
}

/// A gateway, and what it has let through.
struct Gateway {
    quotas: Quotas,
    instance: Uuid,
    /// Leases of the units of calls under way.
    units: Vec<u64>,
    spent: u64,
}

impl Gateway {
    fn on(database: &Arc<Database>, number: u128) -> Self {
        let (store, instance) = (Arc::clone(database) as Arc<dyn QuotaStore>, Uuid::from_u128(number));
        let quotas = Quotas::on(store, "America/Sao_Paulo".parse().unwrap(), instance);
        Self { quotas, instance, units: Vec::new(), spent: 0 }
    }

    fn take(&mut self, quota: Quota) -> Taken {
        let taken = self.quotas.take(company(), quota, Instant::now());
        if let Taken::Unit { lease, .. } = taken {
            self.units.push(lease);
            self.spent += 1;
        }
        taken
    }

    fn give_back(&mut self) {
        if let Some(lease) = self.units.pop() {
            self.quotas.give_back(company(), lease);
            self.spent -= 1;
        }
    }
}

fn company() -> CompanyId {
    CompanyId::from_uuid(Uuid::from_u128(7))
}

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Take(usize, u8),
    GiveBack(usize),
    Ask(usize, Fault),
    ReturnAll(usize),
    Crash(usize),
    LateArrives,
    Plan(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        6 => Just(Fault::None), 1 => Just(Fault::Lost), 1 => Just(Fault::AnswerLost), 1 => Just(Fault::Late),
    ];
    prop_oneof![
        8 => (0usize..3, 1u8..20).prop_map(|(gateway, times)| Step::Take(gateway, times)),
        2 => (0usize..3).prop_map(Step::GiveBack),
        8 => (0usize..3, fault).prop_map(|(gateway, fault)| Step::Ask(gateway, fault)),
        1 => (0usize..3).prop_map(Step::ReturnAll),
        1 => (0usize..3).prop_map(Step::Crash),
        1 => Just(Step::LateArrives),
        1 => prop_oneof![Just(40u64), Just(60), Just(90)].prop_map(Step::Plan),
    ]
}

async fn run(steps: Vec<Step>) {
    let database = Database::at("2026-11-22T12:00:00Z");
    let mut gateways: Vec<Gateway> = (1..=3).map(|number| Gateway::on(&database, number)).collect();
    let mut dead: Vec<Gateway> = Vec::new();
    let (mut in_force, mut most) = (quota("60/month"), 60);
    for step in steps {
        match step {
            Step::Take(gateway, times) => {
                for _ in 0..times {
                    let _ = gateways[gateway].take(in_force);
                }
            }
            Step::GiveBack(gateway) => gateways[gateway].give_back(),
            Step::Ask(gateway, fault) => {
                database.fails(fault);
                let _ = gateways[gateway].quotas.ask_for_those_who_want(false).await;
                database.fails(Fault::None);
            }
            Step::ReturnAll(gateway) => gateways[gateway].quotas.return_all().await,
            Step::Crash(gateway) => {
                let number = 10 + dead.len() as u128;
                dead.push(std::mem::replace(&mut gateways[gateway], Gateway::on(&database, number)));
            }
            Step::LateArrives => {
                let late = std::mem::take(&mut *database.late.lock().unwrap());
                late.iter().for_each(|(instance, asks)| drop(database.apply(*instance, asks)));
            }
            Step::Plan(requests) => {
                in_force = Quota::new(requests, crate::Per::Month).unwrap();
                most = most.max(requests);
            }
        }
        let spent: u64 = gateways.iter().chain(&dead).map(|gateway| gateway.spent).sum();
        assert!(spent <= database.granted() && database.granted() <= most, "{spent} of {most}");
    }
    let late = std::mem::take(&mut *database.late.lock().unwrap());
    late.iter().for_each(|(instance, asks)| drop(database.apply(*instance, asks)));
    for gateway in &mut gateways {
        gateway.quotas.return_all().await;
        assert_eq!(database.held_by(gateway.instance), gateway.spent, "who lives loses nothing");
    }
    for gateway in &dead {
        assert!(database.held_by(gateway.instance) >= gateway.spent);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn whatever_breaks_no_call_too_many_passes_and_who_lives_loses_nothing(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}

#[tokio::test]
async fn a_lease_ends_with_its_day_even_for_a_process_that_slept() {
    let database = Database::at("2026-11-23T02:59:59.950Z");
    let mut gateway = Gateway::on(&database, 1);
    let daily = quota("100/day");
    assert_eq!(gateway.take(daily), Taken::Ask);
    gateway.quotas.ask_for_those_who_want(false).await.unwrap();
    assert!(matches!(gateway.take(daily), Taken::Unit { .. }));
    gateway.give_back();
    // As if it had been stopped: nobody has told it that the day is over.
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(gateway.take(daily), Taken::Ask);
    *database.now.lock().unwrap() = "2026-11-23T03:00:00.010Z".parse().unwrap();
    gateway.quotas.ask_for_those_who_want(false).await.unwrap();
    let Taken::Unit { ends_in, .. } = gateway.take(daily) else {
        panic!("the new day has a quota of its own")
    };
    assert!(ends_in <= Duration::from_secs(86_400) && ends_in > Duration::from_secs(86_300));
    assert_eq!(database.periods.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn another_plan_holds_at_once_and_what_was_used_counts_on() {
    let database = Database::at("2026-11-22T12:00:00Z");
    let mut gateway = Gateway::on(&database, 1);
    let mut spend = async |text: &str| {
        for asked in 0.. {
            match gateway.take(quota(text)) {
                Taken::UsedUp { .. } => break,
                Taken::Ask => gateway.quotas.ask_for_those_who_want(false).await.unwrap(),
                Taken::Unit { .. } => {}
                Taken::Unknown => panic!("the database is there"),
            }
            assert!(asked < 1000);
        }
        gateway.spent
    };
    assert_eq!(spend("20/month").await, 20);
    assert_eq!(spend("10/month").await, 20, "lowered under what was used");
    assert_eq!(spend("25/month").await, 25);
    assert_eq!(spend("7/day").await, 32, "a day is counted by itself");
    assert_eq!(spend("26/month").await, 33);
}

#[tokio::test]
async fn requests_that_wait_are_served_by_few_questions() {
    let database = Database::at("2026-11-22T12:00:00Z");
    let gateway = Gateway::on(&database, 1);
    let stop = CancellationToken::new();
    let (keeper, until) = (gateway.quotas.clone(), stop.clone());
    let kept = tokio::spawn(async move { keeper.keep(until).await });
    let waiting = (0..300).map(|_| {
        let quotas = gateway.quotas.clone();
        tokio::spawn(async move { quotas.wait(company(), quota("200/month")).await })
    });
    let mut served = 0;
    for waiter in waiting.collect::<Vec<_>>() {
        match waiter.await.unwrap() {
            Taken::Unit { .. } => served += 1,
            taken => assert!(matches!(taken, Taken::UsedUp { .. }), "{taken:?}"),
        }
    }
    assert_eq!(served, 200);
    assert!(database.asked.load(Relaxed) < 20, "{:?}", database.asked);
    stop.cancel();
    kept.await.unwrap();
    assert_eq!(database.granted(), 200);
}

#[tokio::test]
async fn nobody_waits_long_for_a_database_that_is_away_and_all_are_served_when_it_is_back() {
    let database = Database::at("2026-11-22T12:00:00Z");
    let gateway = Gateway::on(&database, 1);
    database.fails(Fault::Lost);
    let stop = CancellationToken::new();
    let (keeper, until) = (gateway.quotas.clone(), stop.clone());
    let kept = tokio::spawn(async move { keeper.keep(until).await });
    let began = Instant::now();
    assert_eq!(gateway.quotas.wait(company(), quota("5/month")).await, Taken::Unknown);
    assert!(began.elapsed() <= Duration::from_millis(1200));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(gateway.quotas.take(company(), quota("5/month"), Instant::now()), Taken::Unknown);
    database.fails(Fault::None);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let taken = gateway.quotas.wait(company(), quota("5/month")).await;
    assert!(matches!(taken, Taken::Unit { .. }), "{taken:?}");
    stop.cancel();
    kept.await.unwrap();
    assert_eq!(database.granted(), 1, "what was not spent was returned at the stop");
}

#[tokio::test]
async fn a_lease_that_nobody_spends_is_returned_after_two_seconds() {
    let database = Database::at("2026-11-22T12:00:00Z");
    let mut gateway = Gateway::on(&database, 1);
    let monthly = quota("1000/month");
    let _ = gateway.take(monthly);
    gateway.quotas.ask_for_those_who_want(false).await.unwrap();
    while matches!(gateway.take(monthly), Taken::Unit { .. }) || gateway.spent < 50 {
        gateway.quotas.ask_for_those_who_want(false).await.unwrap();
    }
    gateway.quotas.ask_for_those_who_want(false).await.unwrap();
    assert!(database.granted() > gateway.spent, "some are held ahead");
    gateway.quotas.return_what_nobody_spends().await.unwrap();
    assert!(database.granted() > gateway.spent, "not yet");
    tokio::time::sleep(Duration::from_millis(2100)).await;
    gateway.quotas.return_what_nobody_spends().await.unwrap();
    assert_eq!(database.granted(), gateway.spent);
    gateway.give_back();
    gateway.quotas.return_all().await;
    assert_eq!(database.granted(), gateway.spent, "a call that came to nothing is given back too");
}
