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
pub(crate) use charges::words;
pub use charges::{Charges, ChargesError, Discount, Interest, Owed, Percent, PercentError, Share};
pub use digitable_line::{DigitableLine, LineError};
pub use document::{Cnpj, Cpf, DocumentError, DocumentProfile, PayerDocument, PayerDocumentError};
pub use due_factor::{DueFactor, FactorError};
pub use our_number::{NumberError, OurNumber};
pub use pix::{BrCode, BrCodeError, BrCodeFault, NewBrCode, Target, merchant_name};

mod account_pix;
mod boleto;
mod debts;
mod import;
mod kept_account;
mod layout;
mod problem;
mod record_scanner;
mod terms;

pub use account_pix::{AccountPix, AccountPixError};
pub use boleto::{
    Boleto, BoletoId, Delivery, DeliveryStatus, ImportStatus, Payer, Registration, ShownDelivery, Status,
};
pub use debts::{DAYS_AHEAD, Debt, Debts, LONGEST_DEBT_ID, LONGEST_NAME, Reading};
pub use import::{Chunk, Counts, Import, ImportId, boleto_id, chunk_ids, first_id};
pub use kept_account::{AccountDocument, BankAccountId, CnabLayout, KeptAccount, first_free_field};
pub use layout::{Column, FileFault, Layout};
pub use problem::{Code, Problem};
pub use record_scanner::{LONGEST_RECORD, RecordScanner, Span};
pub use terms::{ChargeDocument, DiscountDocument, Terms, TermsError, TermsFault};
