//! Which postings of a group may stand, decided from what the database already holds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use comporta_kernel::{CompanyId, Month, RequestKey};

use super::{Entry, EntryId};

/// Entries that stand or fall together: those of one request.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Whose they are.
    pub company_id: CompanyId,
    /// The request's idempotency key.
    pub request: Option<RequestKey>,
    /// The entries; at least one.
    pub entries: Vec<Entry>,
}

/// What became of a posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Recorded.
    Posted,
    /// The same request was recorded before, as these entries.
    Replayed(Vec<Entry>),
    /// Its idempotency key came with another request before.
    KeyReused,
    /// One of its entries falls in a closed month.
    MonthClosed(Month),
    /// What it takes back was taken back before.
    AlreadyReversed(EntryId),
}

/// A request recorded before.
#[derive(Debug, Clone)]
pub struct StoredRequest {
    /// The request's hash.
    pub hash: [u8; 32],
    /// What it recorded, in the request's order.
    pub entries: Vec<Entry>,
}

/// What the database holds that bears on a group of postings.
#[derive(Debug, Default)]
pub struct Facts {
    /// Requests recorded before under the group's keys.
    pub requests: HashMap<(CompanyId, String), StoredRequest>,
    /// Closed months among the group's.
    pub closed: HashSet<(CompanyId, Month)>,
    /// Entries among those to be reversed that were reversed before, and by which.
    pub reversed: HashMap<(CompanyId, EntryId), EntryId>,
}

/// What becomes of each posting, in order. The [`Outcome::Posted`] ones may be written together.
#[must_use]
pub fn decide(group: &[Arc<Posting>], mut facts: Facts) -> Vec<Outcome> {
    group.iter().map(|posting| decide_one(posting, &mut facts)).collect()
}

fn decide_one(posting: &Posting, facts: &mut Facts) -> Outcome {
    let company = posting.company_id;
    let key = posting.request.as_ref().map(|request| ((company, request.key.clone()), request.hash));
    // The key comes first: a replay must answer as it did, whatever was closed since.
    if let Some((key, hash)) = &key
        && let Some(stored) = facts.requests.get(key)
    {
        return if stored.hash == *hash {
            Outcome::Replayed(stored.entries.clone())
        } else {
            Outcome::KeyReused
        };
    }
    let closed = posting
        .entries
        .iter()
        .map(|entry| entry.business_date.month())
        .find(|month| facts.closed.contains(&(company, *month)));
    if let Some(month) = closed {
        return Outcome::MonthClosed(month);
    }
    let reversals = || posting.entries.iter().filter_map(|entry| Some((entry.reverses?, entry.id)));
    if let Some(by) = reversals().find_map(|(original, _)| facts.reversed.get(&(company, original))) {
        return Outcome::AlreadyReversed(*by);
    }
    // Later postings of this very group must see this one as done.
    facts.reversed.extend(reversals().map(|(original, by)| ((company, original), by)));
    if let Some((key, hash)) = key {
        facts.requests.insert(key, StoredRequest { hash, entries: posting.entries.clone() });
    }
    Outcome::Posted
}

#[cfg(test)]
mod tests {
    use super::*;
    use comporta_kernel::{Currency, Money, Timestamp, TypedId as _, Uuid};

    fn entry(id: u128, reverses: Option<u128>) -> Entry {
        Entry {
            id: EntryId::from_uuid(Uuid::from_u128(id)),
            account_id: super::super::AccountId::from_uuid(Uuid::nil()),
            kind: super::super::Kind::Credit,
            amount: Money::from_centavos(1).unwrap(),
            currency: Currency::BRL,
            business_date: "2026-03-01".parse().unwrap(),
            occurred_at: Timestamp::UNIX_EPOCH,
            recorded_at: Timestamp::UNIX_EPOCH,
            description: "x".into(),
            category: None,
            external_id: None,
            metadata: None,
            reverses: reverses.map(|id| EntryId::from_uuid(Uuid::from_u128(id))),
            reversed_by: None,
        }
    }

    fn posting(entry: Entry, key: Option<(&str, u8)>) -> Arc<Posting> {
        let request = key.map(|(key, hash)| RequestKey { key: key.into(), hash: [hash; 32] });
        Arc::new(Posting { company_id: CompanyId::from_uuid(Uuid::nil()), request, entries: vec![entry] })
    }

    #[test]
    fn a_key_twice_in_one_group_is_one_posting() {
        let group = [
            posting(entry(1, None), Some(("k", 1))),
            posting(entry(2, None), Some(("k", 1))),
            posting(entry(3, None), Some(("k", 2))),
        ];
        let outcomes = decide(&group, Facts::default());
        assert_eq!(outcomes, [Outcome::Posted, Outcome::Replayed(vec![entry(1, None)]), Outcome::KeyReused]);
    }

    #[test]
    fn an_entry_is_reversed_once_even_within_a_group() {
        let group = [posting(entry(2, Some(1)), None), posting(entry(3, Some(1)), None)];
        assert_eq!(
            decide(&group, Facts::default()),
            [Outcome::Posted, Outcome::AlreadyReversed(entry(2, None).id)]
        );
    }

    #[test]
    fn a_closed_month_takes_no_entry_but_still_replays() {
        let company = CompanyId::from_uuid(Uuid::nil());
        let month = entry(1, None).business_date.month();
        let stored = StoredRequest { hash: [1; 32], entries: vec![entry(1, None)] };
        let facts = Facts {
            closed: [(company, month)].into(),
            requests: [((company, "k".into()), stored)].into(),
            ..Facts::default()
        };
        let group = [posting(entry(2, None), None), posting(entry(3, None), Some(("k", 1)))];
        assert_eq!(
            decide(&group, facts),
            [Outcome::MonthClosed(month), Outcome::Replayed(vec![entry(1, None)])]
        );
    }
}
