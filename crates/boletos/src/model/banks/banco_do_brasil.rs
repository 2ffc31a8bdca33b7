//! Banco do Brasil (001): by the length of the agreement's number.
//!
//! Source: Banco do Brasil, "Especificações técnicas para confecção de boleto de pagamento".

use super::super::check_digits::mod11_or_letter;
use super::super::digits::Digits;
use super::*;

/// In the wallet's place where an agreement of six digits has numbers of 17.
const LONG_NUMBERS: &[u8] = b"21";
const LONG: u8 = 17;

#[derive(Debug, Clone)]
pub(in super::super) struct BancoDoBrasil {
    agency: Digits<4>,
    agency_digit: Option<u8>,
    account: Digits<8>,
    account_digit: Option<u8>,
    wallet: Digits<2>,
    variation: Option<Digits<3>>,
    agreement: Agreement,
}

/// The agreement, in one of the four lengths there were.
#[derive(Debug, Clone)]
enum Agreement {
    Four(Digits<4>),
    Six(Digits<6>),
    Seven(Digits<7>),
    Eight(Digits<8>),
}

impl Agreement {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let (field, text) = fields.required(&CODE)?;
        let lengths = FieldFault::Unknown { expected: "an agreement of 4, 6, 7 or 8 digits" };
        let known = match text.len() {
            4 => Digits::padded(text).map(Self::Four),
            6 => Digits::padded(text).map(Self::Six),
            7 => Digits::padded(text).map(Self::Seven),
            8 => Digits::padded(text).map(Self::Eight),
            _ => None,
        };
        known.ok_or(fault(field, lengths))
    }

    fn digits(&self) -> &[u8] {
        match self {
            Self::Four(digits) => &digits.0,
            Self::Six(digits) => &digits.0,
            Self::Seven(digits) => &digits.0,
            Self::Eight(digits) => &digits.0,
        }
    }
}

impl BancoDoBrasil {
    /// Agreements of six digits of these wallets may have numbers of 17 digits, given by the beneficiary.
    fn takes_long_numbers(&self) -> bool {
        matches!(self.agreement, Agreement::Six(_)) && matches!(self.wallet.as_str(), "16" | "18")
    }

    /// Of wallet 11 the bank may give the numbers: until it has, the barcode holds zeros in place of number and agreement.
    fn is_numbered_by_the_bank(&self) -> bool {
        self.wallet.as_str() == "11"
    }
}

impl Rules for BancoDoBrasil {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            agency_digit: fields.check_sign(Field::AgencyDigit)?,
            account: fields.digits(Field::Account)?,
            account_digit: fields.check_sign(Field::AccountDigit)?,
            wallet: fields.digits(Field::Wallet)?,
            variation: fields.optional_digits(Field::Variation)?,
            agreement: Agreement::of(fields)?,
        })
    }

    fn width(&self) -> u8 {
        match self.agreement {
            Agreement::Four(_) => 7,
            Agreement::Six(_) => 5,
            Agreement::Seven(_) => 10,
            Agreement::Eight(_) => 9,
        }
    }

    fn read_number(&self, text: &str, title: &Title<'_>) -> Result<OurNumber, NumberError> {
        if self.is_numbered_by_the_bank() && text.bytes().all(|byte| byte == b'0') {
            return Ok(OurNumber::new(0, self.width()));
        }
        let as_usual = printed_or_bare(self, text, title);
        let long = || {
            let signs = signs(text).filter(|signs| is_digits(signs) && signs.len() == usize::from(LONG))?;
            Some(OurNumber::new(number(&signs), LONG))
        };
        match as_usual {
            Err(wrong) if self.takes_long_numbers() => long().ok_or(wrong),
            usual => usual,
        }
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let long = Digits::<17>::of(number.value());
        let own = &long.0[17 - usize::from(self.width())..];
        let agreement = self.agreement.digits();
        Ok(match self.agreement {
            _ if number.value() == 0 && self.is_numbered_by_the_bank() => {
                joined(&[&[b'0'; 23], &self.wallet.0])
            }
            Agreement::Six(_) if number.width() == LONG => joined(&[agreement, &long.0, LONG_NUMBERS]),
            Agreement::Four(_) | Agreement::Six(_) => {
                joined(&[agreement, own, &self.agency.0, &self.account.0, &self.wallet.0])
            }
            _ => joined(&[b"000000", agreement, own, &self.wallet.0]),
        })
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let agreement = text(self.agreement.digits());
        match self.agreement {
            Agreement::Six(_) if number.width() == LONG => number.to_string(),
            Agreement::Four(_) | Agreement::Six(_) => {
                let digits = format!("{agreement}{number}");
                let digit = char::from(mod11_or_letter(&[digits.as_bytes()], 9, b'X'));
                format!("{digits}-{digit}")
            }
            _ => format!("{agreement}{number}"),
        }
    }

    fn printed_account(&self) -> String {
        let (agency, account) = (dash(self.agency_digit), dash(self.account_digit));
        format!("{}{agency} / {}{account}", self.agency.as_str(), self.account.as_str())
    }

    fn printed_wallet(&self) -> String {
        match &self.variation {
            Some(variation) => format!("{}-{}", self.wallet.as_str(), variation.as_str()),
            None => self.wallet.as_str().to_owned(),
        }
    }
}
