//! What each bank asks of an account, and puts into the 25 digits that are its own: a file per bank.

use comporta_kernel::BusinessDate;

use super::account_fields::{AccountFields, Field, FieldError, FieldFault, fault};
use super::bank_account::{IssueError, Title};
use super::barcode::FreeField;
use super::digits::{is_digits, number, text};
use super::our_number::{NumberError, OurNumber};

mod ailos;
mod banco_do_brasil;
mod banco_do_nordeste;
mod banestes;
mod banrisul;
mod bradesco;
mod brb;
mod c6;
mod caixa;
mod citibank;
mod credisis;
mod daycoval;
mod hsbc;
mod inter;
mod itau;
mod safra;
mod santander;
mod sicoob;
mod sicredi;
mod unicred;

pub(super) use ailos::Ailos;
pub(super) use banco_do_brasil::BancoDoBrasil;
pub(super) use banco_do_nordeste::BancoDoNordeste;
pub(super) use banestes::Banestes;
pub(super) use banrisul::Banrisul;
pub(super) use bradesco::Bradesco;
pub(super) use brb::Brb;
pub(super) use c6::C6;
pub(super) use caixa::Caixa;
pub(super) use citibank::Citibank;
pub(super) use credisis::CrediSis;
pub(super) use daycoval::Daycoval;
pub(super) use hsbc::Hsbc;
pub(super) use inter::Inter;
pub(super) use itau::Itau;
pub(super) use safra::Safra;
pub(super) use santander::Santander;
pub(super) use sicoob::Sicoob;
pub(super) use sicredi::Sicredi;
pub(super) use unicred::Unicred;

/// Two names of one thing: banks call the beneficiary's code by either.
const CODE: [Field; 2] = [Field::Agreement, Field::Beneficiary];
/// More than any printed number has, separators included.
const LONGEST_NUMBER: usize = 40;

/// The rules of a bank, prepared for one account.
pub(super) trait Rules: Sized {
    /// Reads the account.
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError>;

    /// How many digits of our number are counted.
    fn width(&self) -> u8;

    /// The number with that place in the sequence.
    fn number(&self, sequence: u64, _issued: BusinessDate) -> Result<OurNumber, NumberError> {
        in_sequence(sequence, self.width())
    }

    /// A number that was given, bare or as printed.
    fn read_number(&self, text: &str, title: &Title<'_>) -> Result<OurNumber, NumberError> {
        printed_or_bare(self, text, title)
    }

    /// The 25 digits.
    fn free_field(&self, number: OurNumber, title: &Title<'_>) -> Result<FreeField, IssueError>;

    /// As the bank prints our number.
    fn printed_number(&self, number: OurNumber, title: &Title<'_>) -> String;

    /// As the bank prints the branch and the beneficiary's code.
    fn printed_account(&self) -> String;

    /// As the bank prints the wallet.
    fn printed_wallet(&self) -> String;
}

fn in_sequence(sequence: u64, width: u8) -> Result<OurNumber, NumberError> {
    let most = 10_u64.pow(u32::from(width)) - 1;
    if (1..=most).contains(&sequence) {
        Ok(OurNumber::new(sequence, width))
    } else {
        Err(NumberError::OutOfSequence { sequence, most })
    }
}

fn printed_or_bare(rules: &impl Rules, text: &str, title: &Title<'_>) -> Result<OurNumber, NumberError> {
    let wrong = NumberError::Form { width: rules.width() };
    let signs = signs(text).ok_or(wrong)?;
    let width = usize::from(rules.width());
    if signs.len() <= width && is_digits(&signs) {
        return Ok(OurNumber::new(number(&signs), rules.width()));
    }
    // Longer, it is as printed: the digits in it that print like that, the account's part aside.
    let parts = signs.windows(width).filter(|part| is_digits(part));
    let mut numbers = parts.map(|part| OurNumber::new(number(part), rules.width()));
    let as_given = |of: &OurNumber| {
        self::signs(&rules.printed_number(*of, title)).is_some_and(|printed| printed.ends_with(&signs))
    };
    numbers.find(as_given).ok_or(wrong)
}

/// Letters and digits of a number; `None` if there are none, or something else than separators between.
fn signs(text: &str) -> Option<Vec<u8>> {
    let separator = |byte: &u8| matches!(byte, b'-' | b'/' | b'.' | b' ');
    let signs: Vec<u8> = text.bytes().filter(|byte| !separator(byte)).collect();
    let plain = signs.iter().all(|sign| sign.is_ascii_alphanumeric());
    (!signs.is_empty() && text.len() <= LONGEST_NUMBER && plain).then_some(signs)
}

/// Writes parts one after another; whoever calls knows that they are 25 digits in all.
fn joined(parts: &[&[u8]]) -> FreeField {
    let mut field = [b'0'; 25];
    let mut at = 0;
    for part in parts {
        if let Some(place) = field.get_mut(at..at + part.len()) {
            place.copy_from_slice(part);
        }
        at += part.len();
    }
    debug_assert_eq!(at, field.len());
    field
}

/// `-D`, or nothing where the account's digit is not known.
fn dash(digit: Option<u8>) -> String {
    digit.map(|digit| format!("-{}", char::from(digit))).unwrap_or_default()
}
