//! Many at once, in one process and in two: every key once, every reversal once, every read between its bounds.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::task::JoinSet;

use super::*;
use crate::model::GroupBy;

on_both_engines! {
    async fn one_key_sent_by_many_at_once_from_two_processes_records_once(world: World) {
        let second = Arc::new(World::beside(&world.db, world.clock.clone(), world.company));
        let first = Arc::new(world);
        let mut tasks = JoinSet::new();
        for number in 0..60u8 {
            let world: Shared = Arc::clone(if number % 2 == 0 { &first } else { &second });
            tasks.spawn(async move { world.try_post(credit(100, "2026-03-01"), key(&format!("k{}", number % 3), 1)).await.unwrap() });
        }
        let posted = tasks.join_all().await;
        assert_eq!(posted.iter().filter(|posted| !posted.replayed).count(), 3);
        assert_eq!(first.closing(None, "2026-03-01").await, "3.00");
    }

    async fn an_entry_reversed_by_many_at_once_is_reversed_once(world: World) {
        let entry = world.post(credit(100, "2026-03-01")).await.id;
        let second = Arc::new(World::beside(&world.db, world.clock.clone(), world.company));
        let first = Arc::new(world);
        let mut tasks = JoinSet::new();
        for number in 0..20 {
            let world = Arc::clone(if number % 2 == 0 { &first } else { &second });
            tasks.spawn(async move { world.ledger.reverse_entry(world.company, entry, None, None, None).await });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(Error::AlreadyReversed { .. }))));
        assert_eq!(first.closing(None, "2026-03-01").await, "0.00");
    }

    async fn a_read_lies_between_what_was_acknowledged_and_what_was_sent(world: World) {
        let world = Arc::new(world);
        let (sent, acknowledged) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let mut writers = JoinSet::new();
        for writer in 0..16 {
            let (world, sent, acknowledged) = (Arc::clone(&world), Arc::clone(&sent), Arc::clone(&acknowledged));
            writers.spawn(async move {
                for number in 0..25 {
                    let date = ["2026-01-10", "2026-02-10", "2026-03-09"][(writer + number) % 3];
                    sent.fetch_add(1, Ordering::SeqCst);
                    world.post(credit(1, date)).await;
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let folding = Arc::clone(&world);
        let stop = CancellationToken::new();
        let until = stop.clone();
        let consolidator = tokio::spawn(async move { folding.ledger.consolidate_until(until, std::time::Duration::from_millis(2)).await });
        while !writers.is_empty() {
            let low = acknowledged.load(Ordering::SeqCst);
            let (_, days) = world.ledger.daily_balances(world.company, None, None, None).await.unwrap();
            let high = sent.load(Ordering::SeqCst);
            let read = i64::try_from(days.last().unwrap().closing().centavos()).unwrap();
            assert!((low..=high).contains(&read), "{low} <= {read} <= {high}");
            while writers.try_join_next().is_some_and(|done| { done.unwrap(); true }) {}
        }
        stop.cancel();
        consolidator.await.unwrap();
        oracle::check(&world, world.main().await).await;
    }

    async fn a_report_by_category_adds_up_while_entries_arrive(world: World) {
        let world = Arc::new(world);
        let mut writers = JoinSet::new();
        for writer in 0..8 {
            let world = Arc::clone(&world);
            writers.spawn(async move {
                for _ in 0..20 {
                    let category = Some(["vendas", "juros"][writer % 2].parse().unwrap());
                    world.post(NewEntry { category, ..credit(1, "2026-03-09") }).await;
                }
            });
        }
        while !writers.is_empty() {
            let report = world.ledger.report(world.company, None, None, None, GroupBy::Category).await.unwrap();
            let rows: u64 = report.categories.unwrap().iter().map(|(_, moved)| moved.entries).sum();
            assert_eq!(rows, report.cash_flow.whole.movement.entries);
            while writers.try_join_next().is_some_and(|done| { done.unwrap(); true }) {}
        }
    }

    async fn nothing_enters_a_month_once_its_closing_is_acknowledged(world: World) {
        let world = Arc::new(world);
        let closed = Arc::new(AtomicI64::new(0));
        let mut writers = JoinSet::new();
        for _ in 0..8 {
            let (world, closed) = (Arc::clone(&world), Arc::clone(&closed));
            writers.spawn(async move {
                loop {
                    let was_closed = closed.load(Ordering::SeqCst) == 1;
                    match world.try_post(credit(1, "2026-02-10"), None).await {
                        Ok(_) => assert!(!was_closed, "an entry entered a closed month"),
                        Err(Error::MonthClosed { .. }) => return,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        world.ledger.close_period(world.company, day("2026-02-01").month(), "key_x").await.unwrap();
        let counted = world.closing(None, "2026-02-28").await;
        closed.store(1, Ordering::SeqCst);
        writers.join_all().await;
        assert_eq!(world.closing(None, "2026-02-28").await, counted);
    }
}
