//! Issuing, finding and changing single boletos.

use comporta_http::Remembered;
use comporta_kernel::{BusinessDate, CompanyId, Money, RequestKey, TypedId as _, Uuid};

use super::{Boletos, Outcome, PixCodes};
use crate::error::Error;
use crate::model::{
    Amount, BankAccount, BankAccountId, Boleto, BoletoId, DAYS_AHEAD, Delivery, DeliveryStatus, Payer,
    Registration, Status, Terms, TermsError, Title, chunk_ids,
};
use crate::store::boletos::BoletoFilter;
use crate::store::delivery::IdRange;

/// A boleto to be issued.
#[derive(Debug)]
pub(crate) struct NewBoleto {
    pub(crate) debt_id: String,
    pub(crate) bank_account_id: Option<BankAccountId>,
    pub(crate) payer: Payer,
    pub(crate) amount: Amount,
    pub(crate) due_date: BusinessDate,
    pub(crate) terms: Terms,
}

impl Boletos {
    /// Issues a boleto. `answer` says what to remember under the request's key.
    pub(crate) async fn issue(
        &self,
        company: CompanyId,
        new: NewBoleto,
        key: Option<&RequestKey>,
        answer: impl Fn(&Boleto, &PixCodes) -> Remembered + Send,
    ) -> Result<Outcome<(Boleto, PixCodes)>, Error> {
        self.check_due(new.due_date)?;
        let (account, rules) = self.account_for(company, new.bank_account_id).await?;
        let codes = self.pix_codes_of(company, std::slice::from_ref(&account)).await?;
        let mut tx = self.0.db.begin().await?;
        if let Some(key) = key
            && let Some(before) = self.0.idempotency.claim(&mut tx, company, key).await?
        {
            return Ok(Outcome::Repeated(before));
        }
        let sequence = self.store().take_numbers(&mut tx, company, account.id, 1).await?;
        let sequence = sequence.ok_or(Error::NoSuchAccount)?;
        let boleto = self.boleto_from(company, account.id, &rules, sequence, new)?;
        self.store()
            .insert_boleto(&mut tx, &boleto)
            .await
            .map_err(|error| if error.is_unique_violation() { Error::DebtHasBoleto } else { error.into() })?;
        self.enqueue_letter(&mut tx, &boleto).await?;
        if let Some(key) = key {
            self.0.idempotency.remember(&mut tx, company, key, &answer(&boleto, &codes)).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done((boleto, codes)))
    }

    pub(crate) async fn find(&self, company: CompanyId, id: BoletoId) -> Result<Boleto, Error> {
        self.store().boleto(company, id).await?.ok_or(Error::NoSuchBoleto)
    }

    /// Boletos that match, newest first.
    pub(crate) async fn list(
        &self,
        company: CompanyId,
        filter: &BoletoFilter,
        after: Option<BoletoId>,
        limit: u16,
    ) -> Result<Vec<Boleto>, Error> {
        let Some(range) = self.range_of(company, filter, after).await? else { return Ok(Vec::new()) };
        Ok(self.store().boletos(&range, filter, self.today(), limit).await?)
    }

    /// Where those are that come behind `after`; a file's have ids near to each other. `None` if there are none.
    async fn range_of(
        &self,
        company: CompanyId,
        filter: &BoletoFilter,
        after: Option<BoletoId>,
    ) -> Result<Option<IdRange>, Error> {
        let (mut from, mut to) = (Uuid::nil(), Uuid::max());
        if let Some(import) = filter.import_id {
            let chunks = self.store().first_ids(company, import).await?;
            let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else { return Ok(None) };
            (from, to) = (*first, chunk_ids(*last).1);
        }
        if let Some(after) = after {
            let Some(before) = after.uuid().as_u128().checked_sub(1) else { return Ok(None) };
            to = to.min(Uuid::from_u128(before));
        }
        Ok((from <= to).then_some(IdRange { company, from, to }))
    }

    /// Cancels a boleto that is still to be paid; one that was cancelled before stays so.
    pub(crate) async fn cancel(&self, company: CompanyId, id: BoletoId) -> Result<Boleto, Error> {
        self.change(company, id, |boleto| {
            boleto.status = Status::Cancelled;
            Ok(())
        })
        .await
    }

    /// Gives a boleto that is still to be paid another due date, and with it another barcode of the same number.
    pub(crate) async fn set_due_date(
        &self,
        company: CompanyId,
        id: BoletoId,
        due: BusinessDate,
    ) -> Result<Boleto, Error> {
        self.check_due(due)?;
        let account = self.find(company, id).await?.bank_account_id;
        let (_, rules) = self.account_for(company, Some(account)).await?;
        self.change(company, id, |boleto| {
            if boleto.status == Status::Cancelled {
                return Err(Error::NotOpen { status: boleto.status });
            }
            let issued = self.day_of(boleto.created_at);
            let title = Title { due, issued, document_number: Some(&boleto.debt_id) };
            let number = rules.read_number(&boleto.our_number, &title)?;
            let amount = Amount::try_from(boleto.amount)?;
            let unfit = |error: TermsError| format!("{}: {error}", error.pointer.trim_start_matches('/'));
            boleto.terms.charges(amount, due).map_err(|error| Error::field("/due_date", unfit(error)))?;
            boleto.barcode = rules.barcode(number, amount, &title)?.as_str().to_owned();
            boleto.due_date = due;
            Ok(())
        })
        .await
    }

    async fn change(
        &self,
        company: CompanyId,
        id: BoletoId,
        change: impl FnOnce(&mut Boleto) -> Result<(), Error> + Send,
    ) -> Result<Boleto, Error> {
        let mut tx = self.0.db.begin().await?;
        let boleto = self.store().boleto_to_change(&mut tx, company, id).await?;
        let mut boleto = boleto.ok_or(Error::NoSuchBoleto)?;
        if !matches!(boleto.status, Status::Open | Status::Cancelled) {
            return Err(Error::NotOpen { status: boleto.status });
        }
        let before = boleto.clone();
        change(&mut boleto)?;
        if boleto != before {
            boleto.updated_at = self.0.clock.now();
            self.store().change_boleto(&mut tx, &boleto).await?;
            tx.commit().await?;
        }
        Ok(boleto)
    }

    fn check_due(&self, due: BusinessDate) -> Result<(), Error> {
        if self.today().days_until(due) > DAYS_AHEAD {
            return Err(Error::field("/due_date", format!("expected at most {DAYS_AHEAD} days ahead")));
        }
        Ok(())
    }

    fn boleto_from(
        &self,
        company_id: CompanyId,
        bank_account_id: BankAccountId,
        rules: &BankAccount,
        sequence: u64,
        new: NewBoleto,
    ) -> Result<Boleto, Error> {
        let now = self.0.clock.now();
        let issued = self.day_of(now);
        let number = rules.number(sequence, issued)?;
        let title = Title { due: new.due_date, issued, document_number: Some(&new.debt_id) };
        let barcode = rules.barcode(number, new.amount, &title)?.as_str().to_owned();
        let status = if new.payer.email.is_some() { DeliveryStatus::Queued } else { DeliveryStatus::None };
        Ok(Boleto {
            company_id,
            id: self.0.ids.next(),
            debt_id: new.debt_id,
            bank_account_id,
            payer: new.payer,
            amount: new.amount.money(),
            paid_amount: Money::ZERO,
            due_date: new.due_date,
            our_number: number.to_string(),
            barcode,
            terms: new.terms,
            status: Status::Open,
            registration: Registration::Pending,
            delivery: Delivery { status, attempts: 0, last_error: None, delivered_at: None },
            source: None,
            created_at: now,
            updated_at: now,
        })
    }
}
