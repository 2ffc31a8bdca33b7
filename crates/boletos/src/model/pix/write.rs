//! Writing a BR Code, strictly: what a reader might not take is refused.

use comporta_kernel::Money;

use super::crc::crc16;
use super::tlv::push;
use super::{DOMAIN, ids};

/// The bounds of the manual, in signs.
const LONGEST_KEY: usize = 77;
const LONGEST_URL: usize = 77;
const LONGEST_ACCOUNT: usize = 99;
const LONGEST_NAME: usize = 25;
const LONGEST_CITY: usize = 15;
const LONGEST_TXID: usize = 25;
/// No reference: what the payment is known by is the bank's.
const NO_TXID: &str = "***";
/// An amount has at most 13 signs (EMV).
const LARGEST: i64 = 999_999_999_999;

/// A code to be written. Letters lose their accents; name and city keep their case.
#[derive(Debug, Clone, Copy)]
pub struct NewBrCode<'a> {
    /// Whom, or what, it pays.
    pub target: Target<'a>,
    /// The payee, up to 25 signs.
    pub merchant_name: &'a str,
    /// The payee's town, up to 15 signs.
    pub city: &'a str,
    /// The payee's postal code (CEP), eight digits.
    pub postal_code: Option<&'a str>,
    /// The payee's line of business (ISO 18245), four digits; 0000 unless said.
    pub mcc: Option<&'a str>,
}

/// What a code leads to.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A key of the payee. Pays the payee; settles no boleto.
    Static {
        /// CPF, CNPJ, telephone, e-mail address or random key.
        key: &'a str,
        /// A text for the payer.
        info: Option<&'a str>,
        /// The amount; the payer says it otherwise.
        amount: Option<Money>,
        /// What the payment is known by in the payee's statement: up to 25 letters and digits, or `***`.
        txid: Option<&'a str>,
    },
    /// A charge at the payee's bank, which tells amount and reference.
    Dynamic {
        /// Its address, without `https://`, up to 77 signs.
        url: &'a str,
        /// To be paid once.
        one_time: bool,
    },
}

/// A code that the manual forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrCodeFault {
    /// Neither CPF, CNPJ, telephone, e-mail address nor random key.
    #[error("key: expected 1 to 77 signs without blanks")]
    Key,
    /// With a scheme, too long, or with signs that no address has.
    #[error("url: expected 1 to 77 signs of an address without https://")]
    Url,
    /// The text and the key are too long together, or it has signs that cannot be printed.
    #[error("info: expected plain text of at most {most} signs beside this key")]
    Info {
        /// What the key leaves.
        most: usize,
    },
    /// Nothing, negative, or more than a code has room for.
    #[error("amount: expected 0.01 to 9999999999.99")]
    Amount,
    /// Empty, too long or with signs that cannot be printed.
    #[error("merchant_name: expected 1 to 25 signs of plain text")]
    Name,
    /// Empty, too long or with signs that cannot be printed.
    #[error("city: expected 1 to 15 signs of plain text")]
    City,
    /// Not eight digits.
    #[error("postal_code: expected eight digits")]
    PostalCode,
    /// Not four digits.
    #[error("mcc: expected four digits")]
    Mcc,
    /// Not what a statement can show.
    #[error("txid: expected 1 to 25 letters and digits, or ***")]
    Txid,
}

impl NewBrCode<'_> {
    /// The text of the code.
    ///
    /// # Errors
    /// The first field that the manual does not allow.
    pub fn encode(&self) -> Result<String, BrCodeFault> {
        let name = plain(self.merchant_name, LONGEST_NAME).ok_or(BrCodeFault::Name)?;
        let city = plain(self.city, LONGEST_CITY).ok_or(BrCodeFault::City)?;
        let mcc = self.mcc.unwrap_or("0000");
        check(is_number(mcc, 4), BrCodeFault::Mcc)?;
        let mut code = String::with_capacity(256);
        push(&mut code, ids::FORMAT, "01");
        if let Target::Dynamic { one_time: true, .. } = self.target {
            push(&mut code, ids::INITIATION, "12");
        }
        push(&mut code, ids::ACCOUNT, &self.target.account()?);
        push(&mut code, ids::MCC, mcc);
        push(&mut code, ids::CURRENCY, "986");
        if let Target::Static { amount: Some(amount), .. } = self.target {
            check((1..=LARGEST).contains(&amount.centavos()), BrCodeFault::Amount)?;
            push(&mut code, ids::AMOUNT, &amount.to_string());
        }
        push(&mut code, ids::COUNTRY, "BR");
        push(&mut code, ids::NAME, &name);
        push(&mut code, ids::CITY, &city);
        if let Some(postal_code) = self.postal_code {
            check(is_number(postal_code, 8), BrCodeFault::PostalCode)?;
            push(&mut code, ids::POSTAL_CODE, postal_code);
        }
        let mut additional = String::new();
        push(&mut additional, ids::TXID, self.target.txid()?);
        push(&mut code, ids::ADDITIONAL, &additional);
        code.push_str("6304");
        let crc = crc16(code.as_bytes());
        code.push_str(&format!("{crc:04X}"));
        Ok(code)
    }
}

impl Target<'_> {
    fn account(&self) -> Result<String, BrCodeFault> {
        let mut account = String::new();
        push(&mut account, ids::GUI, DOMAIN);
        match *self {
            Target::Static { key, info, .. } => {
                check(is_graphic(key, LONGEST_KEY), BrCodeFault::Key)?;
                push(&mut account, ids::KEY, key);
                // Four signs are the text's own name and length.
                let most = LONGEST_ACCOUNT.saturating_sub(account.len() + 4);
                if let Some(info) = info.filter(|info| !info.is_empty()) {
                    let info = plain(info, most).ok_or(BrCodeFault::Info { most })?;
                    push(&mut account, ids::INFO, &info);
                }
            }
            Target::Dynamic { url, .. } => {
                check(is_graphic(url, LONGEST_URL) && !url.contains("://"), BrCodeFault::Url)?;
                push(&mut account, ids::URL, url);
            }
        }
        Ok(account)
    }

    fn txid(&self) -> Result<&str, BrCodeFault> {
        let Target::Static { txid: Some(txid), .. } = *self else { return Ok(NO_TXID) };
        let plain =
            (1..=LONGEST_TXID).contains(&txid.len()) && txid.bytes().all(|byte| byte.is_ascii_alphanumeric());
        check(plain || txid == NO_TXID, BrCodeFault::Txid)?;
        Ok(txid)
    }
}

fn check(holds: bool, fault: BrCodeFault) -> Result<(), BrCodeFault> {
    if holds { Ok(()) } else { Err(fault) }
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_graphic(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The text without the accents of Portuguese, so that lengths mean the same to everybody who reads it.
fn plain(text: &str, most: usize) -> Option<String> {
    let plain: String = text.trim().chars().map(without_accent).collect();
    let printable = plain.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    (printable && (1..=most).contains(&plain.len())).then_some(plain)
}

/// A name as a code has room for it: the first 25 signs of what can be printed without accents.
#[must_use]
pub fn merchant_name(text: &str) -> String {
    let plain = text.trim().chars().map(without_accent);
    let plain = plain.filter(|letter| *letter == ' ' || letter.is_ascii_graphic());
    let name: String = plain.take(LONGEST_NAME).collect();
    match name.trim() {
        // The payer's bank shows whose the key is: this is what a name in another script comes to.
        "" => "Beneficiario".to_owned(),
        name => name.to_owned(),
    }
}

const fn without_accent(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'ª' => 'a',
        'Á' | 'À' | 'Â' | 'Ã' | 'Ä' => 'A',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'Í' | 'Ì' | 'Î' | 'Ï' => 'I',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'º' => 'o',
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ö' => 'O',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'ç' => 'c',
        'Ç' => 'C',
        'ñ' => 'n',
        'Ñ' => 'N',
        other => other,
    }
}
