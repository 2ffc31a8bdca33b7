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
