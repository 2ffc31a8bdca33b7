//! What a file of many slips will hold: everything that may be refused is, before its first byte.

use std::collections::{HashMap, HashSet};

use comporta_http::FieldError;
use comporta_kernel::{BusinessDate, CompanyId, TypedId as _, Uuid};

use super::{Selection, SlipLayout};
use crate::Beneficiary;
use crate::error::Error;
use crate::model::{BankAccountId, Boleto, BoletoId, ImportId, Status};
use crate::paper::Said;
use crate::service::Boletos;
use crate::service::bank_accounts::SlipAccount;
use crate::store::boletos::BoletoFilter;

/// Boletos that are read at once.
const READ: u16 = 500;
/// Slips on a page of a booklet.
const TO_A_PAGE: usize = 3;

/// A file of many slips, before it is drawn.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) company: CompanyId,
    pub(super) layout: SlipLayout,
    pub(super) beneficiary: Beneficiary,
    pub(super) accounts: HashMap<BankAccountId, SlipAccount>,
    /// In the order of the file.
    pub(super) places: Vec<Place>,
    import: Option<ImportId>,
}

/// A slip's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: Uuid,
    /// Slips of one page stand together.
    pub(super) page: usize,
    /// Which of how many of its payer's it is, in a booklet.
    pub(super) instalment: Option<(usize, usize)>,
}

/// What a boleto's place depends on.
#[derive(Debug)]
struct Key {
    id: Uuid,
    /// Its line in the file that it came from.
    line: u64,
    due: BusinessDate,
    /// Document and name; of booklets alone.
    payer: String,
}

impl Boletos {
    pub(super) async fn plan_slips(
        &self,
        company: CompanyId,
        selection: Selection,
        layout: SlipLayout,
    ) -> Result<Plan, Error> {
        let beneficiary = self.beneficiary(company).await?;
        let (accounts, places) = (HashMap::new(), Vec::new());
        let mut plan = Plan { company, layout, beneficiary, accounts, places, import: None };
        let mut keys = match selection {
            Selection::Named(ids) => self.named(&mut plan, ids).await?,
            Selection::Matching(filter) => {
                plan.import = filter.import_id;
                self.matching(&mut plan, &filter).await?
            }
        };
        if keys.is_empty() {
            return Err(Error::NoSlips);
        }
        plan.places = match layout {
            SlipLayout::Booklet => in_booklets(&mut keys),
            SlipLayout::Sheets | SlipLayout::Zip => one_to_a_page(&keys),
        };
        Ok(plan)
    }

    /// Those that match, in the order in which they were issued; those of a file in the order of its lines.
    async fn matching(&self, plan: &mut Plan, filter: &BoletoFilter) -> Result<Vec<Key>, Error> {
        let (mut keys, mut after) = (Vec::new(), None);
        loop {
            let page = self.list(plan.company, filter, after, READ).await?;
            self.check_slips(plan, &page, &mut keys).await?;
            if page.len() < usize::from(READ) {
                break;
            }
            after = page.last().map(|boleto| boleto.id);
        }
        keys.sort_by_key(|key| (filter.import_id.map(|_| key.line), key.id));
        Ok(keys)
    }

    /// Those of these ids, in their order. Each that is none, or not to be paid any more, is told.
    async fn named(&self, plan: &mut Plan, ids: Vec<BoletoId>) -> Result<Vec<Key>, Error> {
        let mut seen = HashSet::new();
        let ids: Vec<Uuid> = ids.into_iter().map(BoletoId::uuid).filter(|id| seen.insert(*id)).collect();
        let mut kept = by_id(self.store().boletos_by_id(plan.company, &ids).await?);
        let (mut boletos, mut faults) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            let name = BoletoId::from_uuid(id);
            match kept.remove(&id) {
                Some(boleto) if boleto.status == Status::Open => boletos.push(boleto),
                Some(boleto) => {
                    faults.push(FieldError::new("?ids", format!("{name} is {}", boleto.status.as_str())));
                }
                None => faults.push(FieldError::new("?ids", format!("there is no boleto {name}"))),
            }
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let mut keys = Vec::with_capacity(boletos.len());
        self.check_slips(plan, &boletos, &mut keys).await?;
        Ok(keys)
    }

    /// Sees that boletos can be drawn, and notes them; each account is read once.
    async fn check_slips(
        &self,
        plan: &mut Plan,
        boletos: &[Boleto],
        keys: &mut Vec<Key>,
    ) -> Result<(), Error> {
        if keys.len() + boletos.len() > self.0.most_slips {
            return Err(Error::TooManySlips { most: self.0.most_slips });
        }
        for boleto in boletos {
            let id = boleto.bank_account_id;
            if !plan.accounts.contains_key(&id) {
                plan.accounts.insert(id, self.slip_account(plan.company, id).await?);
            }
            let Some(account) = plan.accounts.get(&id) else { continue };
            Said::of(boleto, &account.rules, &plan.beneficiary, self.day_of(boleto.created_at))?;
            keys.push(Key {
                id: boleto.id.uuid(),
                line: boleto.source.map_or(0, |(_, line)| line),
                due: boleto.due_date,
                payer: match plan.layout {
                    SlipLayout::Booklet => format!("{} {}", boleto.payer.document, boleto.payer.name),
                    SlipLayout::Sheets | SlipLayout::Zip => String::new(),
                },
            });
        }
        Ok(())
    }
}

impl Plan {
    /// What the file is called, on a day.
    pub(super) fn file_name(&self, today: BusinessDate) -> String {
        let (what, kind) = match self.layout {
            SlipLayout::Sheets => ("boletos", "pdf"),
            SlipLayout::Booklet => ("carne", "pdf"),
            SlipLayout::Zip => ("boletos", "zip"),
        };
        match self.import {
            Some(import) => format!("{what}-{import}.{kind}"),
            None => format!("{what}-{today}.{kind}"),
        }
    }
}

pub(super) fn by_id(boletos: Vec<Boleto>) -> HashMap<Uuid, Boleto> {
    boletos.into_iter().map(|boleto| (boleto.id.uuid(), boleto)).collect()
}

fn one_to_a_page(keys: &[Key]) -> Vec<Place> {
    keys.iter().enumerate().map(|(page, key)| Place { id: key.id, page, instalment: None }).collect()
}

/// A booklet for each payer: their slips in the order of their days, numbered, from a new page on.
fn in_booklets(keys: &mut [Key]) -> Vec<Place> {
    keys.sort_by(|one, other| (&one.payer, one.due, one.id).cmp(&(&other.payer, other.due, other.id)));
    let mut places = Vec::with_capacity(keys.len());
    let mut page = 0;
    for booklet in keys.chunk_by(|one, other| one.payer == other.payer) {
        for (at, key) in booklet.iter().enumerate() {
            page += usize::from(at > 0 && at % TO_A_PAGE == 0);
            places.push(Place { id: key.id, page, instalment: Some((at + 1, booklet.len())) });
        }
        page += 1;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u128, payer: &str, due: &str) -> Key {
        Key { id: Uuid::from_u128(id), line: 0, due: due.parse().unwrap(), payer: payer.to_owned() }
    }

    #[test]
    fn each_payer_has_a_booklet_of_pages_of_its_own_in_the_order_of_the_days() {
        let mut keys = [
            key(1, "Bia", "2027-01-10"),
            key(2, "Ana", "2027-03-10"),
            key(3, "Ana", "2027-01-10"),
            key(4, "Ana", "2027-04-10"),
            key(5, "Ana", "2027-02-10"),
        ];
        let places = in_booklets(&mut keys);
        let told = |place: &Place| (place.id.as_u128(), place.page, place.instalment.unwrap());
        let told: Vec<_> = places.iter().map(told).collect();
        assert_eq!(told, [(3, 0, (1, 4)), (5, 0, (2, 4)), (2, 0, (3, 4)), (4, 1, (4, 4)), (1, 2, (1, 1))]);
    }
}
