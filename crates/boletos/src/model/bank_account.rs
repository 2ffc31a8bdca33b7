//! An account that boletos are issued for: a bank's own rules, prepared for one beneficiary.

use comporta_kernel::BusinessDate;

use super::account_fields::fault;
use super::banks::{self, Rules};
use super::{
    AccountFields, Amount, Bank, Barcode, DueFactor, FactorError, Field, FieldError, FieldFault, FreeField,
    NumberError, OurNumber,
};

/// What a bank's rule may want to know of one boleto.
#[derive(Debug, Clone, Copy)]
pub struct Title<'a> {
    /// When it is to be paid.
    pub due: BusinessDate,
    /// When it is issued; Sicredi's numbers begin with its year.
    pub issued: BusinessDate,
    /// The beneficiary's own number for it, digits; some wallets of Itaú carry seven of them.
    pub document_number: Option<&'a str>,
}

/// A boleto that the account cannot issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Its number is not one of this account.
    #[error("our_number: {0}")]
    Number(#[from] NumberError),
    /// Its due date has no factor.
    #[error("due_date: {0}")]
    Due(#[from] FactorError),
    /// The wallet's barcodes carry the document number.
    #[error("document_number: this wallet needs it, at most 7 digits")]
    DocumentNumber,
}

macro_rules! accounts {
    ($($bank:ident => $rules:ty,)*) => {
        /// An account of a beneficiary, valid by its bank's rules.
        ///
        /// Cheap to use: what does not change from boleto to boleto is prepared, and encoding allocates nothing.
        #[derive(Debug, Clone)]
        pub struct BankAccount(Prepared);

        #[derive(Debug, Clone)]
        enum Prepared {
            $($bank($rules),)*
        }

        impl BankAccount {
            /// Reads an account.
            ///
            /// # Errors
            /// The field that the bank's rules do not take, and why.
            pub fn parse(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
                let bank = fields.bank.trim().parse().map_err(|error| fault(Field::Bank, FieldFault::Bank(error)))?;
                fields.plain()?;
                Ok(Self(match bank {
                    $(Bank::$bank => Prepared::$bank(Rules::of(fields)?),)*
                }))
            }

            /// The bank that keeps it.
            #[must_use]
            pub const fn bank(&self) -> Bank {
                match self.0 { $(Prepared::$bank(_) => Bank::$bank,)* }
            }

            /// The `sequence`th number of this account, from 1.
            ///
            /// Sicredi's numbers begin with the year of issue: sequences may begin anew each year, and never need to.
            ///
            /// # Errors
            /// The bank has no digits for it, or numbers the boletos itself.
            pub fn number(&self, sequence: u64, issued: BusinessDate) -> Result<OurNumber, NumberError> {
                match &self.0 { $(Prepared::$bank(rules) => rules.number(sequence, issued),)* }
            }

            /// Reads a number that was given: the bare digits, or as the bank prints it, then with the right check digits.
            ///
            /// # Errors
            /// It is not one of this account's.
            pub fn read_number(&self, text: &str, title: &Title<'_>) -> Result<OurNumber, NumberError> {
                match &self.0 { $(Prepared::$bank(rules) => rules.read_number(text, title),)* }
            }

            /// The 25 digits of a boleto that are the bank's own.
            ///
            /// # Errors
            /// The wallet needs a document number.
            pub fn free_field(&self, number: OurNumber, title: &Title<'_>) -> Result<FreeField, IssueError> {
                match &self.0 { $(Prepared::$bank(rules) => rules.free_field(number, title),)* }
            }

            /// Our number as the bank prints it, with its check digits.
            #[must_use]
            pub fn printed_number(&self, number: OurNumber, title: &Title<'_>) -> String {
                match &self.0 { $(Prepared::$bank(rules) => rules.printed_number(number, title),)* }
            }

            /// "Agência / código do beneficiário" as the bank prints it.
            #[must_use]
            pub fn printed_account(&self) -> String {
                match &self.0 { $(Prepared::$bank(rules) => rules.printed_account(),)* }
            }

            /// "Carteira" as the bank prints it.
            #[must_use]
            pub fn printed_wallet(&self) -> String {
                match &self.0 { $(Prepared::$bank(rules) => rules.printed_wallet(),)* }
            }
        }
    };
}

accounts! {
    BancoDoBrasil => banks::BancoDoBrasil,
    BancoDoNordeste => banks::BancoDoNordeste,
    Banestes => banks::Banestes,
    Santander => banks::Santander,
    Banrisul => banks::Banrisul,
    Brb => banks::Brb,
    Inter => banks::Inter,
    Uniprime => banks::Bradesco,
    Ailos => banks::Ailos,
    CrediSis => banks::CrediSis,
    Caixa => banks::Caixa,
    Unicred => banks::Unicred,
    Bradesco => banks::Bradesco,
    C6 => banks::C6,
    Itau => banks::Itau,
    Hsbc => banks::Hsbc,
    Safra => banks::Safra,
    Daycoval => banks::Daycoval,
    Citibank => banks::Citibank,
    Sicredi => banks::Sicredi,
    Sicoob => banks::Sicoob,
}

impl BankAccount {
    /// The barcode of a boleto of this account. Without an amount, the payer says how much.
    ///
    /// # Errors
    /// The due date has no factor, or the wallet needs a document number.
    pub fn barcode(
        &self,
        number: OurNumber,
        amount: impl Into<Option<Amount>>,
        title: &Title<'_>,
    ) -> Result<Barcode, IssueError> {
        let free_field = self.free_field(number, title)?;
        Ok(Barcode::of(self.bank(), DueFactor::of(title.due)?, amount, &free_field))
    }
}
