//! What a beneficiary knows of its account, read field by field.

use super::UnknownBank;
use super::digits::{Digits, is_digits};

/// What is known of a beneficiary's account, as written. Which fields a bank needs, and of what form, is the bank's rule; a field that
/// it does not use is printed at most.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountFields<'a> {
    /// The bank's three digits.
    pub bank: &'a str,
    /// The branch or cooperative, without its digit.
    pub agency: Option<&'a str>,
    /// The branch's digit.
    pub agency_digit: Option<&'a str>,
    /// The account, without its digit.
    pub account: Option<&'a str>,
    /// The account's digit.
    pub account_digit: Option<&'a str>,
    /// The kind of collection agreed on ("carteira").
    pub wallet: Option<&'a str>,
    /// The agreement's number ("convênio").
    pub agreement: Option<&'a str>,
    /// The beneficiary's code at the bank; banks use this or the agreement for one and the same thing.
    pub beneficiary: Option<&'a str>,
    /// The digit of the beneficiary's code.
    pub beneficiary_digit: Option<&'a str>,
    /// What tells agreements of one wallet apart ("variação"); Citibank's portfolio, BRB's increment.
    pub variation: Option<&'a str>,
    /// The number of the credit operation, or of the client (Inter, Daycoval).
    pub operation: Option<&'a str>,
    /// The post of a cooperative ("posto", Sicredi).
    pub post: Option<&'a str>,
    /// Who numbers the boletos (Sicredi): 2 to 9 for the beneficiary.
    pub id_byte: Option<&'a str>,
}

/// The name of a field of [`AccountFields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `bank`
    Bank,
    /// `agency`
    Agency,
    /// `agency_digit`
    AgencyDigit,
    /// `account`
    Account,
    /// `account_digit`
    AccountDigit,
    /// `wallet`
    Wallet,
    /// `agreement`
    Agreement,
    /// `beneficiary`
    Beneficiary,
    /// `beneficiary_digit`
    BeneficiaryDigit,
    /// `variation`
    Variation,
    /// `operation`
    Operation,
    /// `post`
    Post,
    /// `id_byte`
    IdByte,
}

impl Field {
    /// As it is called in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Agency => "agency",
            Self::AgencyDigit => "agency_digit",
            Self::Account => "account",
            Self::AccountDigit => "account_digit",
            Self::Wallet => "wallet",
            Self::Agreement => "agreement",
            Self::Beneficiary => "beneficiary",
            Self::BeneficiaryDigit => "beneficiary_digit",
            Self::Variation => "variation",
            Self::Operation => "operation",
            Self::Post => "post",
            Self::IdByte => "id_byte",
        }
    }
}

/// A field that the bank's rule does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", .field.name())]
pub struct FieldError {
    /// Which.
    pub field: Field,
    /// Why not.
    pub fault: FieldFault,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// The bank needs it.
    #[error("this bank needs it")]
    Missing,
    /// Not a number, or too long.
    #[error("expected at most {most} digits")]
    Digits {
        /// How many the bank has room for.
        most: usize,
    },
    /// Neither a digit nor a letter that stands for one.
    #[error("expected one digit, X or P")]
    CheckSign,
    /// Nothing that the bank has a rule for.
    #[error("expected {expected}")]
    Unknown {
        /// What is taken.
        expected: &'static str,
    },
    /// The digit of a number that is another one.
    #[error("the check digit is {found}, but the number asks for {expected}")]
    CheckDigit {
        /// As given.
        found: char,
        /// As the bank's rule has it.
        expected: char,
    },
    /// Two fields that say the same thing in different ways.
    #[error("it says something else than {}", .other.name())]
    Contradicts {
        /// The other one.
        other: Field,
    },
    /// A bank whose rules are not known.
    #[error(transparent)]
    Bank(#[from] UnknownBank),
}

impl<'a> AccountFields<'a> {
    /// What is given, blanks around it aside; `None` if there is nothing.
    pub(super) fn get(&self, field: Field) -> Option<&'a str> {
        let text = match field {
            Field::Bank => Some(self.bank),
            Field::Agency => self.agency,
            Field::AgencyDigit => self.agency_digit,
            Field::Account => self.account,
            Field::AccountDigit => self.account_digit,
            Field::Wallet => self.wallet,
            Field::Agreement => self.agreement,
            Field::Beneficiary => self.beneficiary,
            Field::BeneficiaryDigit => self.beneficiary_digit,
            Field::Variation => self.variation,
            Field::Operation => self.operation,
            Field::Post => self.post,
            Field::IdByte => self.id_byte,
        };
        text.map(str::trim).filter(|text| !text.is_empty())
    }

    /// The first of the fields that is given.
    pub(super) fn required(&self, fields: &[Field]) -> Result<(Field, &'a str), FieldError> {
        let given = fields.iter().find_map(|field| self.get(*field).map(|text| (*field, text)));
        given.ok_or(fault(fields[0], FieldFault::Missing))
    }

    /// A number, filled up with zeros.
    pub(super) fn digits<const N: usize>(&self, field: Field) -> Result<Digits<N>, FieldError> {
        self.digits_of(&[field])
    }

    /// The number in the first of the fields that is given.
    pub(super) fn digits_of<const N: usize>(&self, fields: &[Field]) -> Result<Digits<N>, FieldError> {
        let (field, text) = self.required(fields)?;
        Digits::padded(text).ok_or(fault(field, FieldFault::Digits { most: N }))
    }

    /// A number, if it is given.
    pub(super) fn optional_digits<const N: usize>(
        &self,
        field: Field,
    ) -> Result<Option<Digits<N>>, FieldError> {
        self.get(field).map(|_| self.digits(field)).transpose()
    }

    /// A check sign, if it is given: a digit, or the letter that stands for ten.
    pub(super) fn check_sign(&self, field: Field) -> Result<Option<u8>, FieldError> {
        let sign = |text: &str| match text.as_bytes() {
            [digit @ b'0'..=b'9'] => Ok(*digit),
            [letter] if b"XxPp".contains(letter) => Ok(letter.to_ascii_uppercase()),
            _ => Err(fault(field, FieldFault::CheckSign)),
        };
        self.get(field).map(sign).transpose()
    }

    /// The account's digit where the bank's rule finds it from the account: what is given must be it.
    pub(super) fn expect_check_sign(&self, field: Field, expected: u8) -> Result<(), FieldError> {
        match self.check_sign(field)? {
            Some(found) if found != expected => {
                let digits =
                    FieldFault::CheckDigit { found: char::from(found), expected: char::from(expected) };
                Err(fault(field, digits))
            }
            _ => Ok(()),
        }
    }

    /// Every field is bounded and plain, whether the bank's rule looks at it or not: it may be printed.
    pub(super) fn plain(&self) -> Result<(), FieldError> {
        const NUMBERS: [Field; 6] = [
            Field::Agency,
            Field::Account,
            Field::Agreement,
            Field::Beneficiary,
            Field::Operation,
            Field::Post,
        ];
        for field in NUMBERS {
            let text = self.get(field).unwrap_or_default();
            if text.len() > LONGEST || !is_digits(text.as_bytes()) {
                return Err(fault(field, FieldFault::Digits { most: LONGEST }));
            }
        }
        for field in [Field::AgencyDigit, Field::AccountDigit, Field::BeneficiaryDigit] {
            self.check_sign(field)?;
        }
        Ok(())
    }
}

/// The longest number of an account at any bank.
const LONGEST: usize = 20;

pub(super) const fn fault(field: Field, fault: FieldFault) -> FieldError {
    FieldError { field, fault }
}
