//! One letter: drawn, written, handed to the mail server, and what that says.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use comporta_kernel::CompanyId;
use comporta_mail::{Error as MailError, Message};
use futures_util::FutureExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::Deliveries;
use crate::Beneficiary;
use crate::error::Error;
use crate::letter;
use crate::model::{BankAccountId, DeliveryStatus};
use crate::paper::{PaperError, Said};
use crate::service::bank_accounts::SlipAccount;
use crate::store::delivery::{Claimed, Settled};

/// Longest reason that is kept.
const LONGEST_REASON: usize = 300;

/// Sends letters of one company.
#[derive(Clone)]
pub(super) struct Sender {
    deliveries: Deliveries,
    company: CompanyId,
    beneficiary: Arc<Beneficiary>,
    accounts: Arc<Mutex<HashMap<BankAccountId, Arc<SlipAccount>>>>,
}

/// What came of a letter, and its place, which is free when that has been written down.
pub(super) struct Landed {
    pub(super) settled: Settled,
    /// Whether the server could not be used at all.
    pub(super) is_cut_off: bool,
    pub(super) _place: OwnedSemaphorePermit,
}

impl Sender {
    pub(super) async fn new(deliveries: &Deliveries, company: CompanyId) -> Result<Self, Error> {
        let beneficiary = Arc::new(deliveries.0.boletos.beneficiary(company).await?);
        Ok(Self { deliveries: deliveries.clone(), company, beneficiary, accounts: Arc::default() })
    }

    pub(super) async fn send(self, claimed: Claimed, place: OwnedSemaphorePermit) -> Landed {
        // Of a letter that made us panic nobody knows how far it came.
        let sending = AssertUnwindSafe(self.try_to_send(&claimed)).catch_unwind().await;
        let panicked = (DeliveryStatus::Unknown, Some("sending it broke off".to_owned()), false);
        let (status, error, is_cut_off) = sending.unwrap_or(panicked);
        metrics::counter!("comporta_boleto_letters_total", "outcome" => outcome(status)).increment(1);
        if status == DeliveryStatus::Sent {
            let since = self.deliveries.now().duration_since(claimed.boleto.created_at).as_secs_f64();
            metrics::histogram!("comporta_boleto_delivery_seconds").record(since);
        }
        let settled =
            Settled { id: claimed.boleto.id, attempt: claimed.boleto.delivery.attempts, status, error };
        Landed { settled, is_cut_off, _place: place }
    }

    async fn try_to_send(&self, claimed: &Claimed) -> (DeliveryStatus, Option<String>, bool) {
        let message = match self.message(claimed).await {
            Ok(message) => message,
            Err(error) if error.may_pass() => {
                return (DeliveryStatus::Queued, Some(reason(&error)), false);
            }
            Err(error) => return (DeliveryStatus::Failed, Some(reason(&error)), false),
        };
        match self.deliveries.0.mailer.send(&message).await {
            Ok(()) => (DeliveryStatus::Sent, None, false),
            Err(error @ MailError::Unknown(_)) => (DeliveryStatus::Unknown, Some(reason(&error)), false),
            Err(error) if error.is_permanent() => (DeliveryStatus::Failed, Some(reason(&error)), false),
            Err(error) => {
                (DeliveryStatus::Queued, Some(reason(&error)), !matches!(error, MailError::Deferred(_)))
            }
        }
    }

    async fn message(&self, claimed: &Claimed) -> Result<Message, Error> {
        let Claimed { boleto, resends } = claimed;
        let account = self.account(boleto.bank_account_id).await?;
        let (issued, today) =
            (self.deliveries.day_of(boleto.created_at), self.deliveries.day_of(self.deliveries.now()));
        let pix = account.pix.as_ref().and_then(|pix| pix.code(boleto, &self.beneficiary.name));
        let said = Said::of(boleto, &account.rules, &self.beneficiary, issued)?;
        let slips = &self.deliveries.0.boletos.0.slips;
        let pdf = slips.pdf(&said.slip(pix.as_deref(), "")).map_err(PaperError::from)?;
        let id = letter::id(boleto.id, *resends);
        Ok(letter::letter(id, boleto, &self.beneficiary, today, pix.as_deref(), pdf)?)
    }

    async fn account(&self, id: BankAccountId) -> Result<Arc<SlipAccount>, Error> {
        let kept = self.accounts.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(account) = kept {
            return Ok(account);
        }
        let account = Arc::new(self.deliveries.0.boletos.slip_account(self.company, id).await?);
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&account));
        Ok(account)
    }
}

/// An error and what lies behind it, in one line.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.chars().take(LONGEST_REASON).collect()
}

const fn outcome(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Queued => "deferred",
        status => status.as_str(),
    }
}
