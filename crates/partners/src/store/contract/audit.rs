//! What the audit trail promises, on both engines.

use comporta_db::Connection;
use jiff::SignedDuration;
use serde_json::json;

use super::{World, day, new_company};
use crate::{Act, Actor, AuditEntry, AuditFilter, CompanyStatus, Error, KeyChange, PlanTerms};

impl World {
    async fn trail(&self, filter: AuditFilter) -> Vec<AuditEntry> {
        self.partners.audit_trail(&filter, None, 100).await.unwrap()
    }

    async fn actions(&self) -> Vec<String> {
        self.trail(AuditFilter::default()).await.into_iter().rev().map(|entry| entry.action).collect()
    }
}

async fn every_act_leaves_an_entry_and_what_changes_nothing_leaves_none(world: World) {
    let ana = world.partners.acting(Actor::staff("ana@example.com").in_request("req_1"));
    let mut step = 0;
    let mut later = || {
        step += 1;
        world.clock.advance(SignedDuration::from_secs(1));
    };
    let company = ana.create_company(new_company("Ana")).await.unwrap().id;
    later();
    ana.put_plan(&"gold".parse().unwrap(), &PlanTerms::default()).await.unwrap();
    later();
    ana.remove_plan(&"gold".parse().unwrap()).await.unwrap();
    later();
    let key = ana.create_key(company, super::new_key(None)).await.unwrap().key.id;
    later();
    let change = KeyChange { name: Some("desk".parse().unwrap()), ..KeyChange::default() };
    ana.change_key(key, change.clone()).await.unwrap();
    ana.change_key(key, change).await.unwrap();
    later();
    let new = ana.rotate_key(key, day()).await.unwrap().issued.key.id;
    later();
    for _ in 0..2 {
        ana.revoke_key(key).await.unwrap();
    }
    later();
    for status in [CompanyStatus::Suspended, CompanyStatus::Suspended, CompanyStatus::Active] {
        ana.set_company_status(company, status).await.unwrap();
        later();
    }
    assert_eq!(
        world.actions().await,
        [
            "company.created",
            "plan.put",
            "plan.removed",
            "key.created",
            "key.changed",
            "key.rotated",
            "key.revoked",
            "company.suspended",
            "company.activated",
        ]
    );
    let rotated = AuditFilter { action: Some("key.rotated".to_owned()), ..AuditFilter::default() };
    let rotated = world.trail(rotated).await.remove(0);
    assert_eq!((rotated.actor.as_str(), rotated.request_id.as_deref()), ("ana@example.com", Some("req_1")));
    assert_eq!((rotated.subject, rotated.company_id), (key.to_string(), Some(company)));
    assert_eq!(rotated.detail["new_key_id"], json!(new));
    let changed = AuditFilter { action: Some("key.changed".to_owned()), ..AuditFilter::default() };
    let changed = world.trail(changed).await.remove(0);
    assert_eq!(changed.detail, json!({"name": {"from": "till", "to": "desk"}}));
}

async fn an_act_that_fails_leaves_no_entry(world: World) {
    assert!(world.partners.create_company(new_company("refused")).await.is_err());
    let mut tx = world.db.begin().await.unwrap();
    world.partners.audit_in(&mut tx, Act::new("plan.put", "gold")).await.unwrap();
    drop(tx);
    assert!(world.actions().await.is_empty());
}

async fn entries_are_found_by_each_filter_newest_first_page_by_page(world: World) {
    let (ana, bia) = (world.company("Ana").await.id, world.company("Bia").await.id);
    let start = world.now();
    for number in 0..6 {
        world.clock.advance(SignedDuration::from_secs(60));
        let actor = if number % 2 == 0 { Actor::command_line() } else { Actor::staff("rui@example.com") };
        let act = Act::new(if number < 3 { "one" } else { "other" }, number);
        let act = act.of(if number % 3 == 0 { ana } else { bia });
        world.partners.acting(actor).audit(act).await.unwrap();
    }
    let subjects = |entries: Vec<AuditEntry>| {
        entries.into_iter().map(|entry| entry.subject).collect::<Vec<_>>().join("")
    };
    let minutes = |number| Some(start + SignedDuration::from_mins(number));
    let of = |filter| async { subjects(world.trail(filter).await) };
    let all = AuditFilter { from: minutes(1), ..AuditFilter::default() };
    assert_eq!(of(all.clone()).await, "543210");
    assert_eq!(of(AuditFilter { from: minutes(2), to: minutes(4), ..AuditFilter::default() }).await, "21");
    assert_eq!(of(AuditFilter { company_id: Some(ana), ..all.clone() }).await, "30");
    assert_eq!(of(AuditFilter { actor: Some("cli".to_owned()), ..all.clone() }).await, "420");
    assert_eq!(of(AuditFilter { action: Some("one".to_owned()), ..all.clone() }).await, "210");

    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = world.partners.audit_trail(&all, after, 4).await.unwrap();
        after = page.last().map(|last| (last.at, last.id));
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(subjects(seen), "543210");
}

async fn no_entry_is_changed_or_deleted_whoever_asks(world: World) {
    world.company("Ana").await;
    for statement in ["UPDATE audit SET actor = 'somebody'", "DELETE FROM audit"] {
        let mut tx = world.db.begin().await.unwrap();
        let refused = match tx.connection() {
            Connection::Postgres(db) => sqlx::query(statement).execute(db).await.map(drop),
            Connection::Sqlite(db) => sqlx::query(statement).execute(db).await.map(drop),
        };
        assert!(refused.unwrap_err().to_string().contains("never changed or deleted"), "{statement}");
    }
    assert_eq!(world.actions().await, ["company.created"]);
    let nobody = world.partners.revoke_key("key_00000000000000000000000009".parse().unwrap()).await;
    assert!(matches!(nobody, Err(Error::NoSuchKey)));
}

on_both_engines! {
    every_act_leaves_an_entry_and_what_changes_nothing_leaves_none,
    an_act_that_fails_leaves_no_entry,
    entries_are_found_by_each_filter_newest_first_page_by_page,
    no_entry_is_changed_or_deleted_whoever_asks,
}
