//! What an import has to say of a row that it did not issue, or issued all the same.

use serde::{Deserialize, Serialize};

use super::Column;

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $text:literal $message:literal;)*) => {
        /// What is the matter with a row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            /// As reports have it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $text,)* }
            }

            /// The same for people.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$code => $message,)* }
            }
        }
    };
}

codes! {
    /// More or fewer fields than the header.
    WrongFieldCount "wrong_field_count" "the row has not as many fields as the header";
    /// Nothing where something must be.
    Missing "missing" "the field is empty";
    /// Longer than what is kept.
    TooLong "too_long" "the field is too long";
    /// Characters that no printed text has.
    ControlCharacter "control_character" "the field holds control characters";
    /// Not a document that the import takes.
    InvalidDocument "invalid_document" "expected a CPF or CNPJ with the right check digits, or with documents=any 1 to 20 letters, digits, points, hyphens or slashes";
    /// Not an amount.
    InvalidAmount "invalid_amount" "expected an amount such as 7811 or 150.00, with at most two decimals";
    /// An amount that no boleto may ask for.
    AmountOutOfRange "amount_out_of_range" "expected an amount from 0.01 to 99999999.99";
    /// Not a day.
    InvalidDate "invalid_date" "expected a day YYYY-MM-DD";
    /// A day that no barcode can carry.
    DateOutOfRange "date_out_of_range" "expected a day from 2000-07-03, at most 5500 days ahead";
    /// The account's bank cannot issue it.
    NotIssuable "not_issuable" "the bank account cannot issue this boleto: its wallet needs a debtId of at most 7 digits";
    /// The debt has its boleto.
    Duplicate "duplicate" "the debt has a boleto already";
    /// The debt has a boleto that says something else.
    Conflict "conflict" "the debt has a boleto already, and it says something else; the first one stands";
    /// Issued, but nobody to send it to.
    NoEmail "no_email" "issued, but there is no address to send it to";
    /// Issued, but the address is none.
    InvalidEmail "invalid_email" "issued, but this is no e-mail address";
}

impl Code {
    /// Whether the row's boleto was issued all the same.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        matches!(self, Self::NoEmail | Self::InvalidEmail)
    }

    /// Whether the row was not issued because its debt has a boleto.
    #[must_use]
    pub const fn is_duplicate(self) -> bool {
        matches!(self, Self::Duplicate | Self::Conflict)
    }
}

/// What is the matter with a row: its line, the column at fault if it is one, and the code. Kept in this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem(pub u64, pub Option<Column>, pub Code);
