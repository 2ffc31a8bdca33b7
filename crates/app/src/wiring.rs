//! What joins the capabilities into one process, read top to bottom.

pub mod backups;
pub mod gateway;
mod jobs;
mod plans;
mod ports;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use comporta_backup::Backups;
use comporta_boletos::slip::Slips;
use comporta_boletos::{Boletos, Deliveries, DeliveryOptions, Neighbours};
use comporta_catalogue::Catalogue;
use comporta_db::{BlobError, Blobs, Db, MigrationState, Url};
use comporta_gateway::Tracing;
use comporta_identity::{AuthorizationServer, Identity, Issuer, Rotation, SealingKey, SigningKeys};
use comporta_jobs::{Queue, Schedule, Worker, WorkerOptions};
use comporta_kernel::{Clock, IdSource, Rng, Spans};
use comporta_ledger::Ledger;
use comporta_mail::Mailer;
use comporta_partners::{
    BillingTerms, Bills, KeyRing, MailsInvoices, Partners, Pepper, PepperError, Peppers, Quotas, RequestLog,
    Retention, Usage,
};
use comporta_pdf::Fonts;

use crate::docs;
use crate::service_spans::ServiceSpans;
use crate::settings::{Role, Settings};

/// The services that routes may lead to.
pub const SERVICES: [&str; 6] = ["boletos", "catalogue", "docs", "identity", "ledger", "partners"];

/// How long a chunk of an import stays with a process that died.
const IMPORT_LEASE: Duration = Duration::from_secs(10);

/// What signing keys are sealed under is derived from the pepper by this name.
const SIGNING_KEYS: &str = "signing keys";

/// Why an installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database's address is not one.
    #[error(transparent)]
    Url(#[from] comporta_db::UrlError),
    /// The database cannot be opened, or does not answer.
    #[error(transparent)]
    Database(#[from] comporta_db::Error),
    /// There is no database to look at.
    #[error("there is no database at {}: is this its folder? --data-dir says another", .0.display())]
    NoDatabase(PathBuf),
    /// The schema is not this version's and `migrate_on_start` is off.
    #[error("the database is not at this version: run `comporta migrate`")]
    NotMigrated,
    /// The schema is a newer version's.
    #[error("the database was migrated by a newer version of comporta")]
    FromNewerVersion,
    /// The secret that keys are hashed under cannot be read or made.
    #[error(transparent)]
    Pepper(#[from] comporta_partners::PepperError),
    /// Companies and keys could not be loaded.
    #[error(transparent)]
    Partners(#[from] comporta_partners::Error),
    /// Staff could not be loaded.
    #[error(transparent)]
    Identity(#[from] comporta_identity::Error),
    /// Letters have no way to leave.
    #[error(transparent)]
    Mail(#[from] comporta_mail::Error),
    /// The fonts of documents cannot be read.
    #[error(transparent)]
    Fonts(#[from] comporta_pdf::FontError),
    /// Files have nowhere to be kept.
    #[error(transparent)]
    Files(#[from] BlobError),
    /// A scheduled job cannot be written down.
    #[error(transparent)]
    Schedule(#[from] comporta_jobs::EnqueueError),
}

/// An open installation: every service, on one database. Which of them are published or worked for is up to the
/// roles.
#[derive(Clone, Debug)]
pub struct App {
    /// The settings it was opened with.
    pub settings: Arc<Settings>,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub rng: Rng,
    /// The database.
    pub db: Db,
    /// Cash flow.
    pub ledger: Ledger,
    /// Boletos.
    pub boletos: Boletos,
    /// Letters with boletos.
    pub deliveries: Deliveries,
    /// What imports of boletos are enqueued in.
    pub import_queue: Queue,
    /// Books.
    pub catalogue: Catalogue,
    /// Companies and keys.
    pub partners: Partners,
    /// Invoices.
    pub bills: Bills,
    /// What companies were served.
    pub usage: Usage,
    /// Requests kept for diagnosis.
    pub request_log: RequestLog,
    /// Staff.
    pub identity: Identity,
    /// What letters leave by.
    pub mailer: Mailer,
    /// The keys that tokens are signed with.
    pub signing_keys: SigningKeys,
    /// Backups, if the settings have a place for them.
    pub backups: Option<Backups>,
}

impl App {
    /// Opens the database, brings it to this version if the settings say so, and builds every service on it.
    ///
    /// # Errors
    /// When the database, or the pepper beside it, cannot be used.
    pub async fn open(settings: Settings, clock: Clock, rng: Rng) -> Result<Self, Error> {
        let db = Db::open(&settings.database_options()?).await?;
        prepare(&db, settings.migrate_on_start).await?;
        let pepper = match &settings.security.pepper {
            Some(secret) => Pepper::from_text(secret.expose())?,
            None => Pepper::load_or_create(&settings.pepper_file(), &rng)?,
        };
        let ids = IdSource::new(clock.clone(), rng.clone());
        let ledger = Ledger::new(db.clone(), clock.clone(), ids.clone(), ledger_options(&settings));
        let catalogue = Catalogue::new(db.clone(), clock.clone(), ids.clone());
        let import_queue = Queue::new(clock.clone(), ids.clone());
        let opens_ledger = Arc::new(ports::OpensLedger(ledger.clone()));
        let peppers = accepted(pepper, &settings)?;
        let sealing = SealingKey::derive(&peppers.current().derive(SIGNING_KEYS));
        let sealing = peppers.accepted().fold(sealing, |key, old| key.opening(&old.derive(SIGNING_KEYS)));
        let rotation = Rotation::every(settings.identity.rotate_every.duration());
        let signing_keys = SigningKeys::open(&db, sealing, rotation, clock.clone(), rng.clone()).await?;
        let partners = Partners::new(&db, peppers, clock.clone(), rng.clone(), opens_ledger);
        let fonts = Arc::new(Fonts::load()?);
        let neighbours = boletos_neighbours(&settings, &import_queue, &partners, &fonts)?;
        let zone = settings.ledger.time_zone.clone();
        let boletos = Boletos::new(&db, neighbours, clock.clone(), ids.clone(), zone);
        let usage = Usage::new(&db, clock.clone(), settings.ledger.time_zone.clone());
        let retention = Retention {
            keep: settings.request_log.keep.duration(),
            max_rows: settings.request_log.max_rows.get(),
        };
        let request_log = RequestLog::new(&db, clock.clone(), retention);
        let identity = Identity::new(&db, clock.clone(), rng.clone());
        let mailer = Mailer::new(settings.mail_transport(), &settings.mail.from, clock.clone())?;
        let queue = Queue::new(clock.clone(), ids.clone());
        let mails = Arc::new(MailsInvoices(mailer.clone()));
        let terms = billing_terms(&settings);
        let deliveries = open_deliveries(&settings, &boletos, &mailer, &rng);
        let bills = Bills::new(&db, queue, clock.clone(), ids, terms, fonts, mails);
        let trail = Arc::new(backups::AuditTrail(partners.clone()));
        let backups = backups::scheduled(&settings, &clock, &rng, trail)?;
        let settings = Arc::new(settings);
        Ok(Self {
            settings,
            clock,
            rng,
            db,
            ledger,
            boletos,
            deliveries,
            import_queue,
            catalogue,
            partners,
            usage,
            bills,
            request_log,
            identity,
            mailer,
            signing_keys,
            backups,
        })
    }

    /// New ids.
    #[must_use]
    pub fn ids(&self) -> IdSource {
        IdSource::new(self.clock.clone(), self.rng.clone())
    }

    /// Where durable jobs are put.
    #[must_use]
    pub fn queue(&self) -> Queue {
        Queue::new(self.clock.clone(), self.ids())
    }

    /// The keys of every company, for a door.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn key_ring(&self) -> Result<KeyRing, Error> {
        Ok(KeyRing::open(self.partners.clone()).await?)
    }

    /// The quotas of companies, for a gateway: to be kept by a task of their own.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        let zone = self.settings.ledger.time_zone.clone();
        Quotas::new(&self.db, zone, self.clock.clone(), &self.ids(), self.queue())
    }

    /// What spans are made with that go where the gateway's go.
    #[must_use]
    pub fn spans(&self, tracing: &Tracing) -> Spans {
        Spans::new(Arc::clone(&tracing.sink), self.clock.clone(), self.rng.clone())
    }

    /// The services whose roles run here, by name, with their spans where those have somewhere to go.
    pub fn services(&self, keys: &KeyRing, spans: Option<&Spans>) -> BTreeMap<&'static str, Router> {
        let mut services = BTreeMap::from([("docs", docs::router())]);
        if self.runs(Role::Ledger) {
            services.insert("ledger", comporta_ledger::router(self.ledger.clone()));
        }
        if self.runs(Role::Boletos) {
            services.insert("boletos", comporta_boletos::router(self.boletos.clone()));
        }
        if self.runs(Role::Catalogue) {
            services.insert("catalogue", comporta_catalogue::router(self.catalogue.clone()));
        }
        if self.runs(Role::Partners) {
            let partners = comporta_partners::partner_router(self.partners.clone())
                .merge(comporta_partners::usage_router(self.usage.clone()))
                .merge(comporta_partners::request_log_router(self.request_log.clone()))
                .merge(comporta_partners::invoices_router(self.bills.clone()));
            services.insert("partners", partners);
        }
        if self.runs(Role::Partners)
            && let Ok(issuer) = self.settings.oauth_issuer()
        {
            services
                .insert("identity", comporta_identity::oauth_router(self.authorization_server(issuer, keys)));
        }
        let Some(spans) = spans else { return services };
        let told = services.into_iter().map(|(name, router)| {
            let layer = ServiceSpans::new(spans.clone(), name);
            (name, router.layer(layer))
        });
        told.collect()
    }

    fn authorization_server(&self, issuer: Issuer, keys: &KeyRing) -> AuthorizationServer {
        let life = self.settings.identity.token_life.duration();
        let (keys, clients) = (self.signing_keys.clone(), Arc::new(ports::KeysAsClients(keys.clone())));
        AuthorizationServer::new(issuer, keys, clients, life, self.clock.clone(), self.rng.clone())
    }

    /// The worker of every durable job, with the schedule.
    ///
    /// # Errors
    /// When a scheduled job cannot be written down.
    pub fn worker(&self) -> Result<Worker, Error> {
        let queue = self.queue();
        let schedule = jobs::schedule(&self.settings)?;
        let registry = jobs::registry(self, &queue);
        Ok(Worker::new(self.db.clone(), queue, registry, schedule, self.rng.clone(), Default::default()))
    }

    /// The worker of imports: few at once, because each holds a piece of its file in memory, and apart from the others,
    /// so that a large file keeps no letter waiting.
    #[must_use]
    pub fn import_worker(&self) -> Worker {
        let concurrency = self.settings.boletos.import_workers.get();
        // A chunk that a process left when it died is gone on with soon: who works at it is told apart at each turn.
        let options = WorkerOptions { concurrency, lease: IMPORT_LEASE, ..WorkerOptions::default() };
        let (queue, registry) = (self.import_queue.clone(), jobs::imports(self));
        Worker::new(self.db.clone(), queue, registry, Schedule::new(), self.rng.clone(), options)
    }

    /// Whether a role runs here.
    #[must_use]
    pub fn runs(&self, role: Role) -> bool {
        self.settings.roles.contains(&role)
    }
}

/// Opens the ledger alone, to look at it: no database is made or migrated, and no pepper, which one restored before its
/// own pepper is back would lose it to.
///
/// # Errors
/// When there is no database, or it is not of this version.
pub async fn open_ledger(settings: &Settings, clock: Clock, rng: Rng) -> Result<(Db, Ledger), Error> {
    let options = settings.database_options()?;
    if let Url::Sqlite(path) = &options.url
        && !path.exists()
    {
        return Err(Error::NoDatabase(path.clone()));
    }
    let db = Db::open(&options).await?;
    prepare(&db, false).await?;
    let ids = IdSource::new(clock.clone(), rng);
    let ledger = Ledger::new(db.clone(), clock, ids, ledger_options(settings));
    Ok((db, ledger))
}

/// The pepper, and those that are accepted beside it.
fn accepted(current: Pepper, settings: &Settings) -> Result<Peppers, PepperError> {
    let accepted = settings.security.accepted_peppers.iter();
    let accepted =
        accepted.map(|secret| Pepper::from_text(secret.expose())).collect::<Result<Vec<_>, _>>()?;
    Ok(Peppers::new(current, accepted))
}

async fn prepare(db: &Db, migrate: bool) -> Result<(), Error> {
    match db.migration_state().await? {
        MigrationState::Current => Ok(()),
        MigrationState::Ahead => Err(Error::FromNewerVersion),
        MigrationState::Empty | MigrationState::Behind if migrate => Ok(db.migrate().await?),
        MigrationState::Empty | MigrationState::Behind => Err(Error::NotMigrated),
    }
}

fn boletos_neighbours(
    settings: &Settings,
    queue: &Queue,
    partners: &Partners,
    fonts: &Arc<Fonts>,
) -> Result<Neighbours, BlobError> {
    Ok(Neighbours {
        // S3 is reached by what the environment says under AWS' own names.
        files: Blobs::open(&settings.files_address(), &std::env::vars().collect())?,
        queue: queue.clone(),
        beneficiaries: Arc::new(ports::CompaniesAsBeneficiaries(partners.clone())),
        slips: Arc::new(Slips::new(Arc::clone(fonts))),
    })
}

fn open_deliveries(settings: &Settings, boletos: &Boletos, mailer: &Mailer, rng: &Rng) -> Deliveries {
    // Enough that every connection has its next letter while outcomes are written down.
    let in_flight = settings.mail.connections.get().saturating_mul(3) / 2 + 1;
    let options = DeliveryOptions { mail_when: settings.boletos.mail_when.into(), in_flight };
    Deliveries::new(boletos.clone(), mailer.clone(), rng.clone(), options)
}

fn billing_terms(settings: &Settings) -> BillingTerms {
    let (billing, ledger) = (&settings.billing, &settings.ledger);
    BillingTerms {
        biller: billing.company_id,
        zone: ledger.time_zone.clone(),
        currency: ledger.currency,
        due_days: billing.due_days,
    }
}

fn ledger_options(settings: &Settings) -> comporta_ledger::Options {
    let ledger = &settings.ledger;
    comporta_ledger::Options {
        time_zone: ledger.time_zone.clone(),
        currency: ledger.currency,
        queue: ledger.queue.get(),
        commit_max: ledger.commit_max.get(),
    }
}
