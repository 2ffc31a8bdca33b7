//! The standard, pure: barcodes, lines, banks' rules, documents, Pix codes. No clock, no I/O.

mod account_fields;
mod amount;
mod bank;
mod bank_account;
mod banks;
mod barcode;
mod calendar;
mod charges;
mod check_digits;
mod digitable_line;
mod digits;
mod document;
mod due_factor;
mod our_number;
mod pix;

pub use account_fields::{AccountFields, Field, FieldError, FieldFault};
pub use amount::{Amount, AmountError};
pub use bank::{Bank, UnknownBank};
pub use bank_account::{BankAccount, IssueError, Title};
pub use barcode::{Barcode, BarcodeError, FreeField};
pub use calendar::{is_business_day, next_business_day};
pub use charges::{Charges, ChargesError, Discount, Interest, Owed, Percent, PercentError, Share};
pub use digitable_line::{DigitableLine, LineError};
pub use document::{Cnpj, Cpf, DocumentError, DocumentProfile, PayerDocument, PayerDocumentError};
pub use due_factor::{DueFactor, FactorError};
pub use our_number::{NumberError, OurNumber};
pub use pix::{BrCode, BrCodeError, BrCodeFault, NewBrCode, Target};
