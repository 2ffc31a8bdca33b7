//! One file per command, and how a command may fail.

use std::future::Future;
use std::io;
use std::process::ExitCode;

use crate::settings::Faults;
use crate::{doors, first_run, handover, logging, sentry, supervisor, trace_export, wiring};

pub mod backup;
pub mod boleto;
pub mod check;
pub mod coded;
pub mod company;
pub mod config;
pub mod import;
pub mod key;
pub mod ledger;
pub mod migrate;
pub mod openapi;
pub mod operator;
pub mod pix;
pub mod plan;
pub mod serve;
pub mod user;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings have faults.
    #[error(transparent)]
    Settings(#[from] Faults),
    /// The log could not be set up.
    #[error(transparent)]
    Logging(#[from] logging::Error),
    /// The installation cannot be opened.
    #[error(transparent)]
    Open(#[from] wiring::Error),
    /// The first start failed.
    #[error(transparent)]
    FirstRun(#[from] first_run::Error),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] comporta_ledger::Error),
    /// Some balance is not the sum of its entries.
    #[error("{differences} sums are not the sum of their entries")]
    BalancesDiffer {
        /// How many.
        differences: usize,
    },
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] doors::Error),
    /// The process before hands nothing over.
    #[error(transparent)]
    Handover(#[from] handover::Error),
    /// Sockets that were given cannot be used.
    #[error(transparent)]
    Supervisor(#[from] supervisor::Error),
    /// Calls cannot be counted.
    #[error("calls cannot be counted")]
    Meter(#[from] comporta_meter::MeterError),
    /// The gateway cannot start.
    #[error(transparent)]
    Gateway(#[from] comporta_gateway::StartError),
    /// Nobody can be told of what is wrong.
    #[error(transparent)]
    Alerts(#[from] crate::alerts::Error),
    /// Traces cannot be sent.
    #[error(transparent)]
    Traces(#[from] trace_export::Error),
    /// Failures cannot be told.
    #[error(transparent)]
    Sentry(#[from] sentry::Error),
    /// Part of the process ended by itself.
    #[error("a part of the process ended unasked: see the log")]
    TaskEnded,
    /// The process cannot have the threads or signals it needs.
    #[error("cannot start")]
    Runtime(#[source] io::Error),
    /// Companies or keys: what was asked cannot be done.
    #[error(transparent)]
    Partners(#[from] comporta_partners::Error),
    /// A plan that is none.
    #[error(transparent)]
    Plan(#[from] comporta_partners::BurstWithoutRate),
    /// Staff users: what was asked cannot be done.
    #[error(transparent)]
    Identity(#[from] comporta_identity::Error),
    /// The password that was given is none.
    #[error(transparent)]
    Password(#[from] comporta_identity::PasswordError),
    /// What was given is no boleto or no code of Pix, or makes none.
    #[error(transparent)]
    Refused(#[from] coded::Refusal),
    /// A file could not be sent, or not all of it is dealt with.
    #[error(transparent)]
    Import(#[from] import::ImportError),
    /// A backup could not be made, proven or restored.
    #[error(transparent)]
    Backup(#[from] comporta_backup::Error),
    /// The settings have no place for backups.
    #[error("there is no place for backups: set backup.to, or add --to")]
    NoBackupPlace,
    /// The archive has no file of the log of this name.
    #[error("{0} is not in the archive")]
    NoSuchWal(comporta_backup::WalName),
    /// A file of the log may be in the archive, and could not be had.
    #[error("a segment of the log could not be fetched")]
    WalUnfetched(#[source] Box<Error>),
    /// Standard input could not be read.
    #[error("cannot read standard input")]
    Input(#[source] io::Error),
    /// The answer could not be written to standard output.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

impl Error {
    /// 2 for settings with faults and for what cannot be read, 1 for everything else. PostgreSQL takes what is at most
    /// 125 for the end of its log and goes on without the rest: a segment that may be there makes it stop instead.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Settings(_) | Self::Refused(_) => 2,
            Self::WalUnfetched(_) => 200,
            _ => 1,
        })
    }

    /// What to tell on standard error: one line per fault, or the failure and its causes.
    #[must_use]
    pub fn report(&self) -> String {
        if let Self::Settings(faults) = self {
            return faults.to_string();
        }
        let mut text = format!("comporta: {self}");
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        text
    }
}

/// Runs a command that needs the database, on a runtime of its own.
fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(Error::Runtime)?.block_on(work)
}

/// Writes to standard output; a reader that left early (`| head`) is no failure.
fn print(text: &str) -> Result<(), Error> {
    match io::Write::write_all(&mut io::stdout().lock(), text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}
