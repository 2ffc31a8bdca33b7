//! Balances: exact rolled up or not, no sum overflows, and what drifts is found and mended.

use comporta_kernel::Money;

use super::*;
use crate::model::GroupBy;

on_both_engines! {
    async fn balances_are_the_same_before_during_and_after_consolidation(world: World) {
        for centavos in 1..=40 {
            world.post(credit(centavos, ["2026-01-31", "2026-02-01", "2026-03-01", "2026-03-02"][centavos as usize % 4])).await;
            world.post(debit(1, "2026-02-15")).await;
            if centavos == 20 {
                world.consolidate().await;
            }
        }
        let read = async || world.ledger.daily_balances(world.company, None, Some(day("2026-02-10")), Some(day("2026-03-05"))).await.unwrap().1;
        let before = read().await;
        oracle::check(&world, world.main().await).await;
        world.consolidate().await;
        assert_eq!(world.ledger.store().pending().await.unwrap().deltas, 0);
        assert_eq!(read().await, before);
        oracle::check(&world, world.main().await).await;
        assert_eq!(before.len(), 24, "every calendar day, quiet ones too");
    }

    async fn a_backdated_entry_moves_every_later_day_and_no_earlier_one(world: World) {
        world.post(credit(100, "2026-03-05")).await;
        world.consolidate().await;
        world.post(credit(7, "2025-12-31")).await;
        for consolidated in [false, true] {
            if consolidated {
                world.consolidate().await;
            }
            let found = [world.closing(None, "2025-12-30").await, world.closing(None, "2025-12-31").await, world.closing(None, "2026-03-05").await];
            assert_eq!(found, ["0.00", "0.07", "1.07"]);
        }
    }

    async fn no_number_of_the_largest_entries_overflows_a_balance(world: World) {
        let largest = NewEntry { amount: Money::MAX, ..credit(1, "2026-03-01") };
        for _ in 0..5 {
            let batch = vec![largest.clone(); 4_000];
            world.ledger.post_entries(world.company, batch, None).await.unwrap().unwrap();
        }
        let wanted = "199999999999999800.00";
        assert_eq!(world.closing(None, "2026-03-01").await, wanted);
        world.consolidate().await;
        assert_eq!(world.closing(None, "2026-03-01").await, wanted);
        oracle::check(&world, world.main().await).await;
    }

    async fn the_opening_balance_stands_at_the_start_of_its_day(world: World) {
        let id = world.account("Banco", "America/Sao_Paulo", -5_000).await;
        let account = Some(id);
        world.post(NewEntry { account_id: account, ..credit(100, "2026-02-20") }).await;
        let found = [world.closing(account, "2026-02-28").await, world.closing(account, "2026-03-01").await];
        assert_eq!(found, ["1.00", "-49.00"]);
        let (_, balance) = world.ledger.account(world.company, id).await.unwrap();
        assert_eq!(balance.to_string(), "-49.00");
    }

    async fn a_report_by_category_adds_up_rolled_up_or_not(world: World) {
        for (category, centavos) in [(Some("vendas"), 100), (Some("vendas"), 50), (None, 7)] {
            let category = category.map(|name| name.parse().unwrap());
            world.post(NewEntry { category, ..credit(centavos, "2026-03-01") }).await;
            world.consolidate().await;
        }
        world.post(NewEntry { category: Some("aluguel".parse().unwrap()), ..debit(30, "2026-03-02") }).await;
        let report = world.ledger.report(world.company, None, Some(day("2026-03-01")), Some(day("2026-03-02")), GroupBy::Category).await.unwrap();
        let rows: Vec<_> = report.categories.unwrap().into_iter().map(|(name, moved)| (name, moved.net().to_string())).collect();
        let wanted = [("", "0.07"), ("aluguel", "-0.30"), ("vendas", "1.50")].map(|(name, net)| (name.to_owned(), net.to_owned()));
        assert_eq!(rows, wanted);
        assert_eq!(report.cash_flow.whole.closing.to_string(), "1.27");
    }

    async fn sums_that_drifted_are_found_told_and_mended(world: World) {
        let main = world.main().await;
        world.post(NewEntry { category: Some("vendas".parse().unwrap()), ..credit(100, "2026-02-20") }).await;
        world.post(credit(250, "2026-03-01")).await;
        world.consolidate().await;
        world.post(credit(3, "2026-03-01")).await;
        for statement in [
            "UPDATE daily_balance SET entries = entries + 1",
            "DELETE FROM monthly_balance",
            "DELETE FROM daily_category WHERE category = 'vendas'",
        ] {
            assert!(oracle::tamper(&world, statement).await.unwrap() > 0);
            let found = world.ledger.verify().await.unwrap();
            assert!(!found.differences.is_empty(), "{statement}");
            assert_eq!(world.ledger.reconcile().await.unwrap().differences.len(), found.differences.len());
            assert_eq!(world.drifts(main).await, [], "{statement}");
            assert_eq!(world.closing(None, "2026-03-01").await, "3.53");
        }
        oracle::check(&world, main).await;
    }

    async fn a_day_is_cut_by_the_accounts_own_zone(world: World) {
        for (name, zone, occurred_at, wanted) in [
            ("sp-1", "America/Sao_Paulo", "2026-01-01T02:59:59Z", "2025-12-31"),
            ("sp-2", "America/Sao_Paulo", "2017-10-15T03:00:00Z", "2017-10-15"),
            ("sp-3", "America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03"),
            ("sp-4", "America/Sao_Paulo", "2018-02-18T02:30:00Z", "2018-02-17"),
            ("tokyo", "Asia/Tokyo", "2026-01-01T15:00:00Z", "2026-01-02"),
            ("lisbon", "Europe/Lisbon", "2026-03-29T23:00:00Z", "2026-03-30"),
            ("noronha", "America/Noronha", "2026-01-01T01:59:59Z", "2025-12-31"),
        ] {
            let account = Some(world.account(name, zone, 0).await);
            let occurred_at = Some(occurred_at.parse().unwrap());
            let entry = world.post(NewEntry { account_id: account, business_date: None, occurred_at, ..credit(1, "2026-01-01") }).await;
            assert_eq!(entry.business_date, day(wanted), "{name}");
            assert_eq!(world.closing(account, wanted).await, "0.01", "{name}");
        }
    }
}
