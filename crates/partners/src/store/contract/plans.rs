//! What plans promise, on both engines.

use comporta_kernel::CompanyId;

use super::{Seen, World, new_company, seen_since};
use crate::{CompanyChange, Error, NewCompany, PlanName, PlanTerms};

fn name(text: &str) -> PlanName {
    text.parse().unwrap()
}

fn terms(json: &str) -> PlanTerms {
    serde_json::from_str(json).unwrap()
}

fn plan_is(plan: Option<Option<PlanName>>) -> CompanyChange {
    CompanyChange { plan, ..CompanyChange::default() }
}

async fn a_plan_reads_back_and_is_replaced_whole(world: World) {
    let partners = &world.partners;
    let rich = terms(
        r#"{"rate":"100/s","burst":200,"quota":{"requests":10000,"per":"month"},"price":{"base":"99.00"}}"#,
    );
    let made = partners.put_plan(&name("gold"), &rich).await.unwrap();
    assert_eq!((&made.terms, made.created_at), (&rich, world.now()));
    world.clock.advance(jiff::SignedDuration::from_secs(5));
    let changed = partners.put_plan(&name("gold"), &PlanTerms::default()).await.unwrap();
    assert_eq!(partners.plan(&name("gold")).await.unwrap(), changed);
    assert_eq!((changed.created_at, changed.updated_at), (made.created_at, world.now()));
    assert_eq!(changed.terms, PlanTerms::default());
    assert!(matches!(partners.plan(&name("silver")).await, Err(Error::NoSuchPlan)));
}

async fn plans_are_listed_by_name_from_a_place_on(world: World) {
    for plan in ["c", "a", "b"] {
        world.partners.put_plan(&name(plan), &PlanTerms::default()).await.unwrap();
    }
    let names = |plans: Vec<crate::Plan>| plans.into_iter().map(|plan| plan.name).collect::<Vec<_>>();
    assert_eq!(names(world.partners.plans(None, 2).await.unwrap()), [name("a"), name("b")]);
    assert_eq!(names(world.partners.plans(Some(&name("b")), 2).await.unwrap()), [name("c")]);
}

async fn a_company_has_a_plan_that_is_there_and_none_other(world: World) {
    let partners = &world.partners;
    let unknown = NewCompany { plan: Some(name("gold")), ..new_company("Ana") };
    assert!(matches!(partners.create_company(unknown.clone()).await, Err(Error::UnknownPlan)));
    assert_eq!(partners.companies(None, 10).await.unwrap(), []);

    partners.put_plan(&name("gold"), &PlanTerms::default()).await.unwrap();
    let company = partners.create_company(unknown).await.unwrap();
    assert_eq!(partners.company(company.id).await.unwrap().plan, Some(name("gold")));
    let wrong = partners.change_company(company.id, plan_is(Some(Some(name("silver"))))).await;
    assert!(matches!(wrong, Err(Error::UnknownPlan)));
    assert_eq!(partners.company(company.id).await.unwrap().plan, Some(name("gold")));
    let unchanged = partners.change_company(company.id, plan_is(None)).await.unwrap();
    assert_eq!(unchanged.plan, Some(name("gold")));
    assert_eq!(partners.change_company(company.id, plan_is(Some(None))).await.unwrap().plan, None);
}

async fn a_plan_goes_only_when_no_company_has_it(world: World) {
    let partners = &world.partners;
    partners.put_plan(&name("gold"), &PlanTerms::default()).await.unwrap();
    let new = NewCompany { plan: Some(name("gold")), ..new_company("Ana") };
    let company = partners.create_company(new).await.unwrap().id;
    assert!(matches!(partners.remove_plan(&name("gold")).await, Err(Error::PlanHeld)));
    partners.change_company(company, plan_is(Some(None))).await.unwrap();
    partners.remove_plan(&name("gold")).await.unwrap();
    assert!(matches!(partners.remove_plan(&name("gold")).await, Err(Error::NoSuchPlan)));
}

async fn every_change_of_a_plan_is_seen_by_who_follows(world: World) {
    let partners = &world.partners;
    let seen = |changes: &Seen| {
        let plans = changes.plans.iter().map(|plan| (plan.name.clone(), plan.terms.burst()));
        plans.collect::<Vec<_>>()
    };
    let plan_of = |changes: &Seen, company: CompanyId| {
        changes.companies.iter().find(|standing| standing.company_id == company).unwrap().plan.clone()
    };
    let before = seen_since(partners, -1).await;
    partners.put_plan(&name("gold"), &terms(r#"{"rate":"1/s","burst":1}"#)).await.unwrap();
    let first = seen_since(partners, before.epoch).await;
    assert_eq!(seen(&first), [(name("gold"), Some(1))]);
    partners.put_plan(&name("gold"), &terms(r#"{"rate":"1/s","burst":2}"#)).await.unwrap();
    let second = seen_since(partners, first.epoch).await;
    assert_eq!(seen(&second), [(name("gold"), Some(2))]);
    assert!(second.plans[0].epoch > first.plans[0].epoch);

    let company = world.company("Ana").await.id;
    let key = world.key(company, None).await.key.id;
    let made = seen_since(partners, second.epoch).await;
    assert_eq!((seen(&made), plan_of(&made, company)), (vec![], None));
    partners.change_company(company, plan_is(Some(Some(name("gold"))))).await.unwrap();
    let moved = seen_since(partners, made.epoch).await;
    assert_eq!(plan_of(&moved, company), Some(name("gold")));
    let holding = partners.holding(key).await.unwrap().unwrap();
    assert_eq!(holding.plan, Some(name("gold")));
}

on_both_engines! {
    a_plan_reads_back_and_is_replaced_whole,
    plans_are_listed_by_name_from_a_place_on,
    a_company_has_a_plan_that_is_there_and_none_other,
    a_plan_goes_only_when_no_company_has_it,
    every_change_of_a_plan_is_seen_by_who_follows,
}
