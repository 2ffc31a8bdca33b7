//! Recording, reversing and listing entries.

use std::sync::Arc;

use comporta_kernel::{BusinessDate, CompanyId, RequestKey};

use super::Ledger;
use crate::error::Error;
use crate::model::{Account, Description, Entry, EntryId, NewEntry, Outcome, Posting};
use crate::store::{EntryFilter, EntryPlace};

/// What a posting recorded, now or when the same request came before.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) entries: Vec<Entry>,
    pub(crate) replayed: bool,
}

/// A new entry that cannot be recorded, by its place in the request.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) place: usize,
    pub(crate) error: Error,
}

impl Ledger {
    /// Records one entry.
    pub(crate) async fn post_entry(
        &self,
        company: CompanyId,
        new: NewEntry,
        request: Option<RequestKey>,
    ) -> Result<Posted, Error> {
        let account = self.resolve(company, new.account_id).await?;
        let entry = self.entry_from(&account, new)?;
        self.post(Posting { company_id: company, request, entries: vec![entry] }).await
    }

    /// Records many entries, all or none.
    ///
    /// The inner error names every entry that does not fit by itself.
    pub(crate) async fn post_entries(
        &self,
        company: CompanyId,
        new: Vec<NewEntry>,
        request: Option<RequestKey>,
    ) -> Result<Result<Posted, Vec<Refused>>, Error> {
        let mut entries = Vec::with_capacity(new.len());
        let mut refused = Vec::new();
        for (place, new) in new.into_iter().enumerate() {
            let entry = match self.resolve(company, new.account_id).await {
                Ok(account) => self.entry_from(&account, new),
                Err(error) => Err(error),
            };
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error @ (Error::NoSuchAccount | Error::Invalid(_))) => {
                    refused.push(Refused { place, error });
                }
                Err(error) => return Err(error),
            }
        }
        if !refused.is_empty() {
            return Ok(Err(refused));
        }
        self.post(Posting { company_id: company, request, entries }).await.map(Ok)
    }

    /// Takes an entry back: its opposite on the day asked for, else on its own day if that month is open, else
    /// today.
    pub(crate) async fn reverse_entry(
        &self,
        company: CompanyId,
        id: EntryId,
        description: Option<Description>,
        day: Option<BusinessDate>,
        request: Option<RequestKey>,
    ) -> Result<Posted, Error> {
        let original = self.store().entry(company, id).await?.ok_or(Error::NoSuchEntry)?;
        let account = self.resolve(company, Some(original.account_id)).await?;
        let mut reversal = self.reversal_of(&original, description, day.unwrap_or(original.business_date));
        let posting = Posting { company_id: company, request, entries: vec![reversal.clone()] };
        match self.post(posting.clone()).await {
            Err(Error::MonthClosed { .. }) if day.is_none() => {
                reversal.business_date = self.today(&account);
                self.post(Posting { entries: vec![reversal], ..posting }).await
            }
            result => result,
        }
    }

    /// One entry.
    pub(crate) async fn entry(&self, company: CompanyId, id: EntryId) -> Result<Entry, Error> {
        self.store().entry(company, id).await?.ok_or(Error::NoSuchEntry)
    }

    /// Entries that match, newest day first.
    pub(crate) async fn entries(
        &self,
        company: CompanyId,
        filter: &EntryFilter,
        after: Option<EntryPlace>,
        limit: u16,
    ) -> Result<Vec<Entry>, Error> {
        if let Some(account) = filter.account_id {
            self.resolve(company, Some(account)).await?;
        }
        Ok(self.store().entries(company, filter, after, limit).await?)
    }

    /// Credits in the order they were recorded.
    pub(crate) async fn credits(
        &self,
        company: CompanyId,
        after: Option<EntryId>,
        limit: u16,
    ) -> Result<Vec<Entry>, Error> {
        Ok(self.store().credits(company, after, limit).await?)
    }

    async fn post(&self, posting: Posting) -> Result<Posted, Error> {
        let posting = Arc::new(posting);
        match self.0.committer.commit(Arc::clone(&posting)).await? {
            Outcome::Posted => Ok(Posted { entries: posting.entries.clone(), replayed: false }),
            Outcome::Replayed(entries) => Ok(Posted { entries, replayed: true }),
            Outcome::KeyReused => Err(Error::KeyReused),
            Outcome::MonthClosed(month) => Err(Error::MonthClosed { month }),
            Outcome::AlreadyReversed(by) => Err(Error::AlreadyReversed { by }),
        }
    }

    fn entry_from(&self, account: &Account, new: NewEntry) -> Result<Entry, Error> {
        let now = self.0.clock.now();
        let occurred_at = new.occurred_at.unwrap_or(now);
        let business_date = new.business_date.or_else(|| account.time_zone.date_of(occurred_at));
        let business_date = business_date
            .ok_or_else(|| Error::field("/occurred_at", "expected an instant of the years 1900 to 2199"))?;
        Ok(Entry {
            id: self.0.ids.next(),
            account_id: account.id,
            kind: new.kind,
            amount: new.amount,
            currency: account.currency,
            business_date,
            occurred_at,
            recorded_at: now,
            description: new.description.into_string(),
            category: new.category.map(crate::model::Text::into_string),
            external_id: new.external_id.map(crate::model::Text::into_string),
            metadata: new.metadata.map(|metadata| metadata.as_str().to_owned()),
            reverses: None,
            reversed_by: None,
        })
    }

    fn reversal_of(&self, original: &Entry, description: Option<Description>, day: BusinessDate) -> Entry {
        let now = self.0.clock.now();
        Entry {
            id: self.0.ids.next(),
            kind: original.kind.opposite(),
            business_date: day,
            occurred_at: now,
            recorded_at: now,
            description: description.map_or_else(|| original.description.clone(), Description::into_string),
            external_id: None,
            metadata: None,
            reverses: Some(original.id),
            reversed_by: None,
            ..original.clone()
        }
    }
}
