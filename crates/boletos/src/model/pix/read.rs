//! Reading a BR Code, tolerantly: what is not of Pix is passed over, as the manuals ask of readers.

use std::ops::RangeInclusive;

use comporta_kernel::Money;

use super::crc::crc16;
use super::tlv::{self, Object, find};
use super::{DOMAIN, amount, ids};

/// EMVCo's bound on a code.
const LONGEST: usize = 512;
/// Where EMV has accounts. BR Codes use 26; a reader looks everywhere.
const ACCOUNTS: RangeInclusive<&str> = "26"..="51";
/// Where EMV has what is nobody's; recurrences of Pix stand at 80.
const UNRESERVED: RangeInclusive<&str> = "80"..="99";

/// A BR Code of Pix, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrCode<'a> {
    /// The payee's key: of a static code.
    pub key: Option<&'a str>,
    /// A text for the payer: of a static code.
    pub info: Option<&'a str>,
    /// Where the payee's bank tells the charge: of a dynamic code.
    pub url: Option<&'a str>,
    /// Where the payee's bank tells a recurrence to agree to (Pix Automático).
    pub recurrence_url: Option<&'a str>,
    /// The amount, if the code fixes one.
    pub amount: Option<Money>,
    /// The payee.
    pub merchant_name: &'a str,
    /// The payee's town.
    pub city: &'a str,
    /// The payee's postal code.
    pub postal_code: Option<&'a str>,
    /// What the payment is known by; `***` for none.
    pub txid: Option<&'a str>,
    /// The payee's line of business (ISO 18245).
    pub mcc: &'a str,
    /// The currency's number (ISO 4217): 986 is the real.
    pub currency: &'a str,
    /// The country (ISO 3166).
    pub country: &'a str,
    /// Whether the code's check sum fits. One that does not fit must not be paid.
    pub crc_ok: bool,
}

/// Text that is no BR Code of Pix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrCodeError {
    /// More than a code can have.
    #[error("expected at most 512 signs")]
    TooLong,
    /// Its lengths do not fit.
    #[error("not a BR Code: at sign {at} there is no name and length of an object that ends within it")]
    Broken {
        /// Signs before the place.
        at: usize,
    },
    /// Something else than version 01 of EMV's merchant-presented codes.
    #[error("not a BR Code: it does not begin with 000201")]
    Format,
    /// An object that every BR Code has is not there.
    #[error("object {id} ({what}) is missing")]
    Missing {
        /// Its name in the standard.
        id: &'static str,
        /// What it holds.
        what: &'static str,
    },
    /// The check sum is missing, or not the last object, or not four hexadecimal digits.
    #[error("it does not end with a check sum: object 63 of four hexadecimal digits")]
    Crc,
    /// A code of another payment system.
    #[error("not a code of Pix: none of its templates is br.gov.bcb.pix")]
    NotPix,
    /// Not an amount in reais.
    #[error("object 54 (amount) is not an amount of at most two decimals")]
    Amount,
}

impl<'a> BrCode<'a> {
    /// Reads a code, blanks around it aside.
    ///
    /// # Errors
    /// Why it is none. A check sum that does not fit is no error: see [`BrCode::crc_ok`].
    pub fn parse(text: &'a str) -> Result<Self, BrCodeError> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(BrCodeError::TooLong);
        }
        if !text.starts_with("000201") {
            return Err(BrCodeError::Format);
        }
        let objects = tlv::objects(text).map_err(broken)?;
        let crc_ok = check_sum_fits(text, &objects)?;
        let accounts = of_pix(&objects, ACCOUNTS);
        let unreserved = of_pix(&objects, UNRESERVED);
        if accounts.is_empty() && unreserved.is_empty() {
            return Err(BrCodeError::NotPix);
        }
        let required = |id, what| find(&objects, id).ok_or(BrCodeError::Missing { id, what });
        let additional = find(&objects, ids::ADDITIONAL).map(tlv::objects).transpose().map_err(broken)?;
        let amount_of = |text| amount(text).ok_or(BrCodeError::Amount);
        Ok(Self {
            key: find(&accounts, ids::KEY),
            info: find(&accounts, ids::INFO),
            url: find(&accounts, ids::URL),
            recurrence_url: find(&unreserved, ids::URL),
            amount: find(&objects, ids::AMOUNT).map(amount_of).transpose()?,
            merchant_name: required(ids::NAME, "merchant's name")?,
            city: required(ids::CITY, "merchant's city")?,
            postal_code: find(&objects, ids::POSTAL_CODE),
            txid: additional.as_ref().and_then(|objects| find(objects, ids::TXID)),
            mcc: required(ids::MCC, "merchant's category")?,
            currency: required(ids::CURRENCY, "currency")?,
            country: required(ids::COUNTRY, "country")?,
            crc_ok,
        })
    }

    /// Whether the payee's bank tells the charge. A code that only asks for agreement to a recurrence is one too: its bank tells what
    /// for.
    #[must_use]
    pub const fn is_dynamic(&self) -> bool {
        self.url.is_some() || self.key.is_none()
    }
}

const fn broken(broken: tlv::Broken) -> BrCodeError {
    BrCodeError::Broken { at: broken.at }
}

/// What the first template of Pix among those objects holds; empty if there is none.
fn of_pix<'a>(objects: &[Object<'a>], ids: RangeInclusive<&str>) -> Vec<Object<'a>> {
    let templates = objects.iter().filter(|object| ids.contains(&object.id));
    // Templates of others need not be templates at all.
    let mut templates = templates.filter_map(|template| tlv::objects(template.value).ok());
    let of_pix = |domain: &str| domain.eq_ignore_ascii_case(DOMAIN);
    templates.find(|template| find(template, ids::GUI).is_some_and(of_pix)).unwrap_or_default()
}

/// The check sum is over all of the text before its four digits, its own name and length included.
fn check_sum_fits(text: &str, objects: &[Object<'_>]) -> Result<bool, BrCodeError> {
    let last = objects.last().filter(|object| object.id == ids::CRC && object.value.len() == 4);
    let digits = last.map(|object| object.value).ok_or(BrCodeError::Crc)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(BrCodeError::Crc);
    }
    let covered = &text.as_bytes()[..text.len() - digits.len()];
    Ok(u16::from_str_radix(digits, 16) == Ok(crc16(covered)))
}
