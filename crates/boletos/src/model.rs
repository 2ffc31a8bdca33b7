//! The standard, pure: barcodes, lines, banks' rules, documents, Pix codes. No clock, no I/O.

mod account_fields;
mod amount;
mod bank;
mod bank_account;
mod banks;
mod barcode;
mod check_digits;
mod digitable_line;
mod digits;
mod due_factor;
mod our_number;

pub use account_fields::{AccountFields, Field, FieldError, FieldFault};
pub use amount::{Amount, AmountError};
pub use bank::{Bank, UnknownBank};
pub use bank_account::{BankAccount, IssueError, Title};
pub use barcode::{Barcode, BarcodeError, FreeField};
pub use digitable_line::{DigitableLine, LineError};
pub use due_factor::{DueFactor, FactorError};
pub use our_number::{NumberError, OurNumber};

mod boleto;
mod debts;
mod import;
mod kept_account;
mod layout;
mod problem;
mod record_scanner;

pub use boleto::{
    Boleto, BoletoId, Charge, Delivery, DeliveryStatus, Discount, ImportStatus, Payer, Registration, Status, Terms,
};
pub use debts::{DAYS_AHEAD, Debt, Debts, Documents, LONGEST_DEBT_ID, LONGEST_DOCUMENT, LONGEST_NAME, Reading, is_email};

pub use import::{Chunk, Counts, Import, ImportId, boleto_id, chunk_ids, first_id};
pub use kept_account::{AccountDocument, BankAccountId, CnabLayout, KeptAccount};
pub use layout::{Column, FileFault, Layout};
pub use problem::{Code, Problem};
pub use record_scanner::{LONGEST_RECORD, RecordScanner, Span};
