//! Entries: recorded once, never changed, reversed once, refused in closed months, listed in order.

use comporta_kernel::{CompanyId, Uuid};

use super::*;
use crate::model::EntryId;
use crate::store::{EntryFilter, EntryPlace};

on_both_engines! {
    async fn an_entry_reads_back_as_it_was_recorded(world: World) {
        let new = NewEntry {
            category: Some("vendas".parse().unwrap()),
            external_id: Some("nfe-1".parse().unwrap()),
            metadata: Some(serde_json::from_str(r#"{"n": 1.10}"#).unwrap()),
            occurred_at: Some("2026-03-09T01:02:03.456789Z".parse().unwrap()),
            business_date: None,
            ..debit(12_345, "2026-03-01")
        };
        let posted = world.post(new).await;
        assert_eq!(posted.business_date, day("2026-03-08"), "the day of the account's zone");
        assert_eq!(world.ledger.entry(world.company, posted.id).await.unwrap(), posted);
    }

    async fn an_entry_cannot_be_changed_or_deleted_even_by_hand(world: World) {
        world.post(credit(100, "2026-03-01")).await;
        for statement in ["UPDATE entry SET amount = 1", "DELETE FROM entry"] {
            let error = oracle::tamper(&world, statement).await.unwrap_err();
            assert!(error.to_string().contains("never changed or deleted"), "{error}");
        }
    }

    async fn a_request_repeated_under_its_key_records_once_and_answers_the_same(world: World) {
        let first = world.try_post(credit(100, "2026-03-01"), key("k", 1)).await.unwrap();
        world.clock.advance(jiff::SignedDuration::from_hours(24 * 365));
        let again = world.try_post(credit(100, "2026-03-01"), key("k", 1)).await.unwrap();
        assert_eq!((&again.entries, first.replayed, again.replayed), (&first.entries, false, true));
        let other = world.try_post(credit(101, "2026-03-01"), key("k", 2)).await;
        assert!(matches!(other, Err(Error::KeyReused)), "{other:?}");
        assert_eq!(world.closing(None, "2026-03-01").await, "1.00");
    }

    async fn a_batch_repeated_under_its_key_answers_in_its_own_order(world: World) {
        let batch = || (1..=50).rev().map(|centavos| credit(centavos, "2026-03-01")).collect::<Vec<_>>();
        let first = world.ledger.post_entries(world.company, batch(), key("b", 1)).await.unwrap().unwrap();
        let again = world.ledger.post_entries(world.company, batch(), key("b", 1)).await.unwrap().unwrap();
        assert_eq!(first.entries, again.entries);
        assert_eq!(world.closing(None, "2026-03-01").await, "12.75");
    }

    async fn a_key_belongs_to_one_company_and_two_may_use_the_same(world: World) {
        let other = World::beside(&world.db, world.clock.clone(), CompanyId::from_uuid(Uuid::from_u128(2)));
        other.open(other.company).await;
        let ours = world.try_post(credit(100, "2026-03-01"), key("k", 1)).await.unwrap();
        let theirs = other.try_post(credit(700, "2026-03-01"), key("k", 2)).await.unwrap();
        assert!(!theirs.replayed);
        let unseen = other.ledger.entry(other.company, ours.entries[0].id).await;
        assert!(matches!(unseen, Err(Error::NoSuchEntry)), "another company's entry is no entry");
    }

    async fn a_reversal_is_the_opposite_on_the_entrys_own_day_and_happens_once(world: World) {
        let entry = world.post(credit(100, "2026-03-01")).await;
        let reversal = world.ledger.reverse_entry(world.company, entry.id, None, None, key("r", 1)).await.unwrap();
        let reversal = &reversal.entries[0];
        assert_eq!((reversal.kind, reversal.business_date, reversal.reverses), (Kind::Debit, entry.business_date, Some(entry.id)));
        assert_eq!(world.ledger.entry(world.company, entry.id).await.unwrap().reversed_by, Some(reversal.id));
        let second = world.ledger.reverse_entry(world.company, entry.id, None, None, None).await;
        assert!(matches!(second, Err(Error::AlreadyReversed { by }) if by == reversal.id), "{second:?}");
        let repeated = world.ledger.reverse_entry(world.company, entry.id, None, None, key("r", 1)).await.unwrap();
        assert!(repeated.replayed && repeated.entries[0].id == reversal.id);
        assert_eq!(world.closing(None, "2026-03-01").await, "0.00");
    }

    async fn a_closed_month_takes_no_entry_and_a_reversal_falls_on_today(world: World) {
        let old = world.post(credit(100, "2026-02-10")).await;
        world.ledger.close_period(world.company, day("2026-02-01").month(), "key_x").await.unwrap();
        let refused = world.try_post(credit(1, "2026-02-28"), None).await;
        assert!(matches!(refused, Err(Error::MonthClosed { .. })), "{refused:?}");
        let reversal = world.ledger.reverse_entry(world.company, old.id, None, None, None).await.unwrap();
        assert_eq!(reversal.entries[0].business_date, day("2026-03-10"));
        world.ledger.reopen_period(world.company, day("2026-02-01").month(), "key_x").await.unwrap();
        world.post(credit(1, "2026-02-28")).await;
        assert_eq!(world.closing(None, "2026-02-28").await, "1.01");
    }

    async fn a_bad_entry_spoils_its_batch_and_names_its_place(world: World) {
        let nobody: AccountId = comporta_kernel::TypedId::from_uuid(Uuid::from_u128(99));
        let batch = vec![credit(1, "2026-03-01"), NewEntry { account_id: Some(nobody), ..credit(2, "2026-03-01") }];
        let refused = world.ledger.post_entries(world.company, batch, None).await.unwrap().unwrap_err();
        assert_eq!(refused.iter().map(|refused| refused.place).collect::<Vec<_>>(), [1]);
        assert_eq!(world.closing(None, "2026-03-01").await, "0.00");
    }

    async fn a_list_walks_every_entry_once_newest_day_first(world: World) {
        for centavos in 1..=25 {
            world.post(credit(centavos, ["2026-03-01", "2026-03-02", "2026-02-28"][centavos as usize % 3])).await;
        }
        let (mut seen, mut after): (Vec<(BusinessDate, EntryId)>, _) = (Vec::new(), None);
        loop {
            let page = world.ledger.entries(world.company, &EntryFilter::default(), after, 7).await.unwrap();
            seen.extend(page.iter().map(|entry| (entry.business_date, entry.id)));
            let Some((day, id)) = seen.last().copied().filter(|_| page.len() == 7) else { break };
            after = Some(EntryPlace { day, id });
        }
        let mut sorted = seen.clone();
        sorted.sort_by(|a, b| b.cmp(a));
        sorted.dedup();
        assert_eq!((seen.len(), &seen), (25, &sorted));
    }

    async fn filters_narrow_a_list(world: World) {
        let other = world.account("Caixa", "America/Sao_Paulo", 0).await;
        world.post(NewEntry { category: Some("vendas".parse().unwrap()), ..credit(1, "2026-03-01") }).await;
        world.post(NewEntry { account_id: Some(other), external_id: Some("x-9".parse().unwrap()), ..debit(2, "2026-03-05") }).await;
        world.post(NewEntry { description: "Aluguel de MARÇO".parse().unwrap(), ..debit(3, "2026-03-09") }).await;
        let count = async |filter: EntryFilter| world.ledger.entries(world.company, &filter, None, 50).await.unwrap().len();
        let all = EntryFilter::default;
        assert_eq!(count(EntryFilter { from: Some(day("2026-03-05")), ..all() }).await, 2);
        assert_eq!(count(EntryFilter { to: Some(day("2026-03-01")), ..all() }).await, 1);
        assert_eq!(count(EntryFilter { account_id: Some(other), ..all() }).await, 1);
        assert_eq!(count(EntryFilter { kind: Some(Kind::Debit), ..all() }).await, 2);
        assert_eq!(count(EntryFilter { category: Some("vendas".parse().unwrap()), ..all() }).await, 1);
        assert_eq!(count(EntryFilter { external_id: Some("x-9".parse().unwrap()), ..all() }).await, 1);
        assert_eq!(count(EntryFilter { q: Some("ALUGUEL DE mar".parse().unwrap()), ..all() }).await, 1);
        assert_eq!(count(EntryFilter { q: Some("100%".parse().unwrap()), ..all() }).await, 0, "no wildcards");
    }
}
