//! What a group of postings adds to the sums.

use std::collections::BTreeMap;

use comporta_kernel::{BusinessDate, CompanyId};

use crate::model::{AccountId, Kind, Posting};

/// What a group of postings adds to one account, day and category, in centavos.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Delta<'a> {
    pub(super) company: CompanyId,
    pub(super) account: AccountId,
    pub(super) day: BusinessDate,
    pub(super) category: &'a str,
    pub(super) credits: i64,
    pub(super) debits: i64,
    pub(super) entries: i64,
}

/// The company, account, day and category of a delta, in the order they are written.
type Key<'a> = (CompanyId, AccountId, BusinessDate, &'a str);

/// Credits, debits and how many entries.
#[derive(Clone, Copy)]
struct Sums(i64, i64, i64);

impl Sums {
    fn plus(self, credit: i64, debit: i64) -> Option<Self> {
        Some(Self(self.0.checked_add(credit)?, self.1.checked_add(debit)?, self.2 + 1))
    }
}

/// The deltas of postings: one per account, day and category, in the order of their keys. A sum that would not fit
/// its column becomes two deltas.
pub(super) fn deltas<'a>(postings: impl Iterator<Item = &'a Posting>) -> Vec<Delta<'a>> {
    let mut all: BTreeMap<Key<'a>, Vec<Sums>> = BTreeMap::new();
    for posting in postings {
        for entry in &posting.entries {
            let category = entry.category.as_deref().unwrap_or_default();
            let sums =
                all.entry((posting.company_id, entry.account_id, entry.business_date, category)).or_default();
            let (credit, debit) = match entry.kind {
                Kind::Credit => (entry.amount.centavos(), 0),
                Kind::Debit => (0, entry.amount.centavos()),
            };
            let grown = sums.last().and_then(|last| last.plus(credit, debit));
            match (grown, sums.last_mut()) {
                (Some(grown), Some(last)) => *last = grown,
                _ => sums.push(Sums(credit, debit, 1)),
            }
        }
    }
    let rows = all.into_iter().flat_map(|((company, account, day, category), sums)| {
        sums.into_iter().map(move |Sums(credits, debits, entries)| Delta {
            company,
            account,
            day,
            category,
            credits,
            debits,
            entries,
        })
    });
    rows.collect()
}
