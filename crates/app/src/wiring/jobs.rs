//! Every durable job there is, and when the scheduled ones are due.

use std::time::Duration;

use comporta_backup::MakeBackup;
use comporta_boletos::{DeliverBoleto, DeliverBoletos, IssueChunk, SweepFiles};
use comporta_db::Db;
use comporta_http::Idempotency;
use comporta_identity::RotateSigningKeys;
use comporta_jobs::{Context, EnqueueError, Job, JobError, Queue, Registry, Schedule};
use comporta_ledger::ReconcileBalances;
use comporta_partners::{
    ForgetOldUsage, IssueInvoices, KeepRequestLog, RemindOfKeys, SendInvoice, SendKeyReminder, WarnOfQuota,
};
use jiff::SignedDuration;
use jiff::civil::time;
use serde::{Deserialize, Serialize};

use super::App;
use crate::settings::Settings;

const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn registry(app: &App, queue: &Queue) -> Registry {
    let answers = (Idempotency::new(app.clock.clone()), app.db.clone());
    let steps = app.settings.security.key_reminders.iter().map(|days| days.get()).collect();
    let zone = app.settings.ledger.time_zone.clone();
    let keep = SignedDuration::try_from(app.settings.meter.keep_minutes.duration());
    let usage = (app.usage.clone(), keep.unwrap_or(SignedDuration::MAX));
    Registry::new()
        .register::<ReconcileBalances>(app.ledger.clone())
        .register::<RotateSigningKeys>(app.signing_keys.clone())
        .register::<RemindOfKeys>((app.partners.clone(), queue.clone(), steps))
        .register::<SendKeyReminder>((app.partners.clone(), app.mailer.clone(), zone))
        .register::<ForgetOldAnswers>(answers)
        .register::<IssueInvoices>(app.bills.clone())
        .register::<SendInvoice>(app.bills.clone())
        .register::<WarnOfQuota>((app.partners.clone(), app.mailer.clone()))
        .register::<ForgetOldUsage>(usage)
        .register::<KeepRequestLog>(app.request_log.clone())
        .register::<MakeBackup>(app.backups.clone())
        .register::<SweepFiles>(app.boletos.clone())
        .register::<DeliverBoletos>(app.deliveries.clone())
        .register::<DeliverBoleto>(app.deliveries.clone())
}

/// The jobs of imports, which have a worker of their own.
pub(super) fn imports(app: &App) -> Registry {
    Registry::new().register::<IssueChunk>(app.boletos.clone())
}

pub(super) fn schedule(settings: &Settings) -> Result<Schedule, EnqueueError> {
    let ledger = &settings.ledger;
    let schedule = Schedule::new();
    let schedule = match &settings.backup.to {
        Some(_) => schedule.daily(settings.backup.at.time(), &ledger.time_zone, &MakeBackup {})?,
        None => schedule,
    };
    schedule
        .daily(ledger.reconcile_at.time(), &ledger.time_zone, &ReconcileBalances {})?
        .daily(time(4, 30, 0, 0), &ledger.time_zone, &ForgetOldAnswers {})?
        .daily(settings.billing.run_at.time(), &ledger.time_zone, &IssueInvoices {})?
        .daily(time(9, 0, 0, 0), &ledger.time_zone, &RemindOfKeys {})?
        .daily(time(4, 40, 0, 0), &ledger.time_zone, &ForgetOldUsage {})?
        .daily(time(4, 50, 0, 0), &ledger.time_zone, &SweepFiles {})?
        .every(HOUR, &RotateSigningKeys {})?
        .every(HOUR / 6, &KeepRequestLog {})
}

/// Forgets the answers kept for idempotency keys that are older than their promise.
#[derive(Debug, Serialize, Deserialize)]
struct ForgetOldAnswers {}

impl Job for ForgetOldAnswers {
    const NAME: &'static str = "forget_old_answers";
    type State = (Idempotency, Db);

    async fn run(&self, context: &Context<Self::State>) -> Result<(), JobError> {
        let (idempotency, db) = &context.state;
        let forgotten = idempotency.forget_old(db).await?;
        tracing::info!(forgotten, "old idempotency keys were forgotten");
        Ok(())
    }
}
