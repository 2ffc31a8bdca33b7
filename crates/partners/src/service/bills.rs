//! What can be done with invoices.

use std::sync::Arc;

use async_trait::async_trait;
use comporta_db::{Db, Tx};
use comporta_jobs::{EnqueueOptions, JobError, Queue};
use comporta_kernel::{Clock, CompanyId, Currency, IdSource, Month, Zone};
use comporta_pdf::Fonts;

use crate::jobs::SendInvoice;
use crate::model::{Account, Draft};
use crate::store::invoices::{self as store, Billing, InvoiceStore};
use crate::{Error, Invoice, InvoiceFilter, InvoiceId, InvoiceStatus, InvoiceWithLines, Party, invoice_pdf};

/// Months before the one that is billed in which calls that were found late are still billed.
const MONTHS_CORRECTED: usize = 12;
/// Companies looked up at a time.
const COMPANIES: u16 = 200;

/// Whoever makes sure that an invoice is seen and paid, such as by a letter or a boleto.
#[async_trait]
pub trait BillsInvoices: Send + Sync {
    /// Bills an invoice that was issued, of which something is owed. It may be asked again for the same one.
    ///
    /// # Errors
    /// Whether it is worth another try.
    async fn bill(&self, invoice: &InvoiceWithLines, pdf: Vec<u8>) -> Result<(), JobError>;
}

/// How an installation bills.
#[derive(Clone, Debug)]
pub struct BillingTerms {
    /// The company that bills; `None` for the one that the first run noted.
    pub biller: Option<CompanyId>,
    /// Whose calendar says when a month ends.
    pub zone: Zone,
    /// Of every price.
    pub currency: Currency,
    /// Days from an invoice's issue until it is due.
    pub due_days: u16,
}

/// Invoices. Cheap to clone.
#[derive(Clone)]
pub struct Bills {
    store: Arc<dyn InvoiceStore>,
    db: Db,
    queue: Queue,
    clock: Clock,
    ids: IdSource,
    terms: Arc<BillingTerms>,
    fonts: Arc<Fonts>,
    biller: Arc<dyn BillsInvoices>,
}

/// What a run has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillRun {
    /// The month.
    pub month: Month,
    /// Invoices issued by this run.
    pub issued: u64,
    /// Invoices of the month that there are now.
    pub invoices: u64,
    /// Companies whose bill could not be made, each told in the log.
    pub failed: u64,
}

impl Bills {
    /// The service on a database.
    #[must_use]
    pub fn new(
        db: &Db,
        queue: Queue,
        clock: Clock,
        ids: IdSource,
        terms: BillingTerms,
        fonts: Arc<Fonts>,
        biller: Arc<dyn BillsInvoices>,
    ) -> Self {
        let (store, terms) = (store::of(db), Arc::new(terms));
        Self { store, db: db.clone(), queue, clock, ids, terms, fonts, biller }
    }

    /// Notes in a transaction who bills where the settings name nobody; the first one noted stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_biller_in(&self, tx: &mut Tx, company: CompanyId) -> Result<(), Error> {
        self.store.note_biller(tx, company).await
    }

    /// Issues a month's invoices: one for each company that held a plan with a price at the month's end, or of which
    /// earlier months came to something else than was billed. Those that are issued already stay as they are, so that
    /// it may be run as often as anybody likes, by several at once, and again after it was cut off.
    ///
    /// # Errors
    /// [`Error::MonthNotOver`], [`Error::NoBiller`]; [`Error::UnknownCompany`] if one is named that is not there.
    pub async fn run(&self, month: Month, only: Option<CompanyId>) -> Result<BillRun, Error> {
        let billing = self.billing(month)?;
        let issuer = self.issuer().await?;
        let (mut issued, mut failed) = (0, 0);
        let mut after = None;
        loop {
            let companies = match only {
                Some(company) => {
                    vec![self.store.party(company).await?.ok_or(Error::UnknownCompany)?.company_id]
                }
                None => self.store.unbilled(&billing, after, COMPANIES).await?,
            };
            for company in &companies {
                match self.issue(&billing, &issuer, *company).await {
                    Ok(is_new) => issued += u64::from(is_new),
                    Err(Error::Db(error)) if error.is_unavailable() => return Err(error.into()),
                    Err(error) => {
                        failed += 1;
                        tracing::error!(company_id = %company, %month, error = ?error, "a company could not be billed");
                    }
                }
            }
            after = companies.last().copied();
            if only.is_some() || companies.len() < usize::from(COMPANIES) {
                break;
            }
        }
        let invoices = u64::try_from(self.store.count(month).await?).unwrap_or(0);
        tracing::info!(%month, issued, invoices, failed, "a month was billed");
        Ok(BillRun { month, issued, invoices, failed })
    }

    /// The last month that has ended.
    #[must_use]
    pub fn last_month(&self) -> Option<Month> {
        let today = self.terms.zone.date_of(self.clock.now())?;
        Some(today.month().first_day().plus_days(-1).month())
    }

    /// At most `limit` invoices, the newest first, from after the given one on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invoices(
        &self,
        filter: &InvoiceFilter,
        after: Option<InvoiceId>,
        limit: u16,
    ) -> Result<Vec<Invoice>, Error> {
        self.store.invoices(filter, after, limit).await
    }

    /// An invoice; if a company is named, only that company's.
    ///
    /// # Errors
    /// [`Error::NoSuchInvoice`].
    pub async fn invoice(&self, id: InvoiceId, of: Option<CompanyId>) -> Result<InvoiceWithLines, Error> {
        self.store.invoice(id, of).await?.ok_or(Error::NoSuchInvoice)
    }

    /// An invoice as a PDF, the same bytes each time.
    #[must_use]
    pub fn pdf(&self, invoice: &InvoiceWithLines) -> Vec<u8> {
        invoice_pdf::render(&self.fonts, invoice)
    }

    /// Has an invoice billed that was issued.
    pub(crate) async fn bill(&self, id: InvoiceId) -> Result<(), JobError> {
        let invoice = self.invoice(id, None).await.map_err(JobError::retry)?;
        let pdf = self.pdf(&invoice);
        self.biller.bill(&invoice, pdf).await
    }

    fn billing(&self, month: Month) -> Result<Billing, Error> {
        let today = self.terms.zone.date_of(self.clock.now());
        let first_after = month.last_day().next();
        let (Some(today), Some(first_after)) = (today, first_after) else { return Err(Error::MonthNotOver) };
        if today < first_after {
            return Err(Error::MonthNotOver);
        }
        let before = |month: Month| month.first_day().plus_days(-1).month();
        let corrected_from = (0..MONTHS_CORRECTED).fold(month, |month, _| before(month));
        Ok(Billing { month, ends: self.terms.zone.start_of(first_after), corrected_from })
    }

    async fn issuer(&self) -> Result<Party, Error> {
        let biller = match self.terms.biller {
            Some(company) => Some(company),
            None => self.store.biller().await?,
        };
        let party = match biller {
            Some(company) => self.store.party(company).await?,
            None => None,
        };
        party.ok_or(Error::NoBiller)
    }

    /// Gives whether there is a new invoice. It, its lines and the job that sends it come together or not at all.
    async fn issue(&self, billing: &Billing, issuer: &Party, company: CompanyId) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        let Some(account) = self.store.account(&mut tx, billing, company).await? else { return Ok(false) };
        let draft = account.draft(billing.month).map_err(|_| Error::BillTooLarge)?;
        let Some(draft) = draft else { return Ok(false) };
        let invoice = self.invoice_of(billing.month, issuer.clone(), &account, &draft)?;
        let price = account.plan.as_ref().map(|(_, price)| price);
        self.store.insert(&mut tx, &invoice, price, &draft.lines).await?;
        if invoice.status == InvoiceStatus::Issued {
            let options = EnqueueOptions { unique_key: Some(invoice.id.to_string()), run_at: None };
            self.queue.enqueue_in(&mut tx, &SendInvoice { invoice_id: invoice.id }, options).await?;
        }
        tx.commit().await?;
        tracing::info!(company_id = %company, invoice_id = %invoice.id, month = %invoice.month, "an invoice was issued");
        Ok(true)
    }

    fn invoice_of(
        &self,
        month: Month,
        issuer: Party,
        account: &Account,
        draft: &Draft,
    ) -> Result<Invoice, Error> {
        let now = self.clock.now();
        let today = self.terms.zone.date_of(now).ok_or(Error::MonthNotOver)?;
        let status = InvoiceStatus::of_total(draft.total);
        Ok(Invoice {
            id: self.ids.next(),
            company_id: account.customer.company_id,
            month,
            status,
            currency: self.terms.currency,
            plan: account.plan.as_ref().map(|(name, _)| name.clone()),
            issuer,
            customer: account.customer.clone(),
            total: draft.total,
            issued_at: now,
            issue_date: today,
            due_date: today.plus_days(i32::from(self.terms.due_days)),
            paid_at: (status == InvoiceStatus::Paid).then_some(now),
        })
    }
}

impl std::fmt::Debug for Bills {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bills").field("terms", &self.terms).finish_non_exhaustive()
    }
}
