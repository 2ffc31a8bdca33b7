//! Why boletos refuse or fail, and what the caller is told.

use comporta_db::{BlobError, Error as DbError};
use comporta_http::{FieldError, IdempotencyError, Kind, Problem, StatusCode, kinds};
use comporta_jobs::EnqueueError;
use comporta_kernel::Causes;

use crate::model::{self, AccountPixError, AmountError, FileFault, IssueError, NumberError, Status};
use crate::paper::PaperError;
use crate::slip::ArchiveFull;

/// The debt has a boleto.
pub static DEBT_HAS_BOLETO: Kind =
    Kind { slug: "debt-has-boleto", status: StatusCode::CONFLICT, title: "The debt has a boleto already" };
/// The boleto is not to be paid any more.
pub static NOT_OPEN: Kind =
    Kind { slug: "boleto-not-open", status: StatusCode::CONFLICT, title: "The boleto is not open" };
/// The boleto's payer has no e-mail address.
pub static NO_ADDRESS: Kind = Kind {
    slug: "payer-without-address",
    status: StatusCode::CONFLICT,
    title: "The payer has no e-mail address",
};
/// The boleto's letter is being sent.
pub static ON_ITS_WAY: Kind =
    Kind { slug: "letter-on-its-way", status: StatusCode::CONFLICT, title: "The letter is on its way" };
/// There is nowhere for the money to arrive.
pub static NO_BANK_ACCOUNT: Kind =
    Kind { slug: "no-bank-account", status: StatusCode::CONFLICT, title: "The company has no bank account" };
/// The boleto was issued by what its bank account was before.
pub static ACCOUNT_CHANGED: Kind = Kind {
    slug: "bank-account-changed",
    status: StatusCode::CONFLICT,
    title: "The bank account is another one than the boleto was issued for",
};
/// The company has the bank account.
pub static ACCOUNT_KNOWN: Kind = Kind {
    slug: "bank-account-exists",
    status: StatusCode::CONFLICT,
    title: "The company has this bank account already",
};
/// A file is no CSV of debts.
pub static UNREADABLE_FILE: Kind = Kind {
    slug: "unreadable-file",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    title: "The file is no CSV of debts",
};

/// What boletos refuse or fail at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such bank account in the company.
    #[error("there is no such bank account")]
    NoSuchAccount,
    /// The company has the same bank account already.
    #[error("the company has this bank account already")]
    AccountKnown,
    /// The company has no bank account.
    #[error("the company has no bank account yet")]
    NoAccountYet,
    /// No such boleto in the company.
    #[error("there is no such boleto")]
    NoSuchBoleto,
    /// No such import in the company.
    #[error("there is no such import")]
    NoSuchImport,
    /// The debt has a boleto.
    #[error("the debt has a boleto already")]
    DebtHasBoleto,
    /// The boleto is not to be paid any more.
    #[error("the boleto is {}", .status.as_str())]
    NotOpen {
        /// How it stands.
        status: Status,
    },
    /// There is nobody to send the boleto to.
    #[error("the payer has no e-mail address")]
    NoAddress,
    /// The boleto's letter has not been sent yet.
    #[error("the letter is on its way")]
    OnItsWay,
    /// Who is paid cannot be said now.
    #[error("the company cannot be asked for")]
    Beneficiary(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bank's rules do not take an account.
    #[error(transparent)]
    Account(#[from] model::FieldError),
    /// The Pix fields of an account make no code.
    #[error("{field}: {0}", field = .0.field())]
    Pix(#[from] AccountPixError),
    /// A boleto cannot be put on paper.
    #[error(transparent)]
    Paper(#[from] PaperError),
    /// No boleto that is to be paid is meant.
    #[error("no boleto that is to be paid matches")]
    NoSlips,
    /// More boletos than one file of slips has.
    #[error("more than {most} boletos match")]
    TooManySlips {
        /// So many are the most.
        most: usize,
    },
    /// An archive of slips is full.
    #[error(transparent)]
    Archive(#[from] ArchiveFull),
    /// The account has no number for another boleto.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The account cannot issue the boleto.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// No boleto may ask for that.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// Fields that do not hold what they should.
    #[error("{} fields do not fit", .0.len())]
    Invalid(Vec<FieldError>),
    /// A file is no CSV of debts.
    #[error(transparent)]
    File(#[from] FileFault),
    /// A file broke off before its end.
    #[error("the file broke off before its end")]
    BrokeOff(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file that should be kept is not there.
    #[error("the file of the import is gone")]
    NoFile,
    /// Files cannot be kept or read.
    #[error(transparent)]
    Files(#[from] BlobError),
    /// Work on another thread ended before its time.
    #[error("reading a chunk was interrupted")]
    Interrupted,
    /// A job could not be enqueued.
    #[error(transparent)]
    Enqueue(#[from] EnqueueError),
    /// An idempotency key could not be claimed.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Error {
    /// One field that does not hold what it should.
    pub(crate) fn field(pointer: &str, detail: impl std::fmt::Display) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, detail)])
    }

    /// Whether the same may work later.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Beneficiary(_)
                | Self::Files(_)
                | Self::Interrupted
                | Self::Enqueue(_)
                | Self::Idempotency(_)
                | Self::Db(_)
        )
    }

    /// What an import that failed for it says: of failures of ours no more than that.
    pub(crate) fn told_of_import(&self) -> String {
        if self.may_pass() {
            "it failed on our side; send the file again".to_owned()
        } else {
            self.to_string()
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchAccount => Self::not_found("bank account"),
            Error::AccountKnown => Self::new(
                &ACCOUNT_KNOWN,
                "two alike would give the same numbers twice; change the one there is",
            ),
            Error::NoAccountYet => Self::new(&NO_BANK_ACCOUNT, "add one at /v1/bank-accounts first"),
            Error::NoSuchBoleto => Self::not_found("boleto"),
            Error::NoSuchImport => Self::not_found("import"),
            Error::DebtHasBoleto => {
                Self::new(&DEBT_HAS_BOLETO, "a debt has one boleto, whoever sends it again")
            }
            Error::NotOpen { status } => Self::new(&NOT_OPEN, format!("it is {}", status.as_str())),
            Error::NoAddress => Self::new(&NO_ADDRESS, "the boleto was issued without one"),
            Error::OnItsWay => Self::new(&ON_ITS_WAY, "it is queued or being sent"),
            Error::Account(model::FieldError { field, fault }) => {
                Self::invalid_field(format!("/{}", field.name()), fault)
            }
            Error::Pix(error) => Self::invalid_field(format!("/{}", error.field()), error),
            Error::Paper(PaperError::Unfit { id }) => {
                Self::new(&ACCOUNT_CHANGED, format!("{id} does not fit what its bank account is now"))
            }
            Error::NoSlips => Self::new(&kinds::NOT_FOUND, "no boleto that is to be paid matches"),
            Error::TooManySlips { most } => Self::invalid_field(
                "?",
                format!(
                    "more than {most} boletos match: narrow due_from and due_to, or name an import, a payer or ids"
                ),
            ),
            Error::Number(error) => Self::invalid_field("/bank_account_id", error),
            Error::Issue(IssueError::Due(error)) => Self::invalid_field("/due_date", error),
            Error::Issue(IssueError::DocumentNumber) => {
                Self::invalid_field("/debt_id", IssueError::DocumentNumber)
            }
            Error::Issue(IssueError::Number(error)) => Self::invalid_field("/bank_account_id", error),
            Error::Amount(error) => Self::invalid_field("/amount", error),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::File(fault) => Self::new(&UNREADABLE_FILE, fault.to_string()),
            Error::BrokeOff(_) => {
                Self::new(&kinds::MALFORMED, "the file broke off before its end; nothing of it was taken")
            }
            Error::Idempotency(error) => error.into(),
            Error::Db(error) => error.into(),
            error @ Error::Files(_) => {
                tracing::error!(error = %Causes(&error), "a file could not be kept");
                Self::unavailable("files cannot be kept just now")
            }
            error @ (Error::Paper(PaperError::Slip(_))
            | Error::Archive(_)
            | Error::Beneficiary(_)
            | Error::NoFile
            | Error::Interrupted
            | Error::Enqueue(_)) => Self::internal(&error),
        }
    }
}

/// The kinds of problem that only boletos have, for the document of the API.
pub static PROBLEM_KINDS: &[&Kind] = &[
    &DEBT_HAS_BOLETO,
    &NOT_OPEN,
    &NO_ADDRESS,
    &ON_ITS_WAY,
    &NO_BANK_ACCOUNT,
    &ACCOUNT_CHANGED,
    &ACCOUNT_KNOWN,
    &UNREADABLE_FILE,
];
