//! `comporta pix`: what the code behind a QR code says, and what it must be.

use clap::{Args, Subcommand};
use comporta_boletos::model::{BrCode, BrCodeError, BrCodeFault, NewBrCode, Target};
use comporta_kernel::Money;
use serde::{Deserialize, Serialize};

use super::coded::{Refusal, answer, input};
use super::{Error, print};

/// What is to be done with codes of Pix.
#[derive(Debug, Subcommand)]
pub enum PixCommand {
    /// Tell what a code says, as JSON
    Decode(DecodeArgs),
    /// Make a code of the JSON object on standard input
    Encode,
}

/// A code.
#[derive(Args, Debug)]
pub struct DecodeArgs {
    /// The text behind the QR code ("copia e cola")
    payload: String,
}

/// No code of Pix, or none that can be made.
#[derive(Debug, thiserror::Error)]
pub enum PixFault {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] BrCodeError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] BrCodeFault),
    /// Neither or both of what a code leads to.
    #[error("key, url: expected one of them: a static code has a key, a dynamic one an address")]
    Target,
    /// Another kind than its fields have.
    #[error("kind: expected {0}, to go with the other fields")]
    Kind(&'static str),
    /// Something that the payee's bank tells, in a dynamic code.
    #[error("amount, info, txid: a dynamic code has none of them; the payee's bank tells them")]
    OfTheBank,
    /// A code can be paid once only where a bank counts.
    #[error("one_time: a static code can be paid any number of times")]
    OneTime,
    /// Another currency or country.
    #[error("currency, country: Pix is paid in reais (986) in Brazil (BR)")]
    Elsewhere,
}

const STATIC: &str = "static";
const DYNAMIC: &str = "dynamic";

/// What a code says.
#[derive(Debug, Serialize)]
struct Decoded<'a> {
    kind: &'static str,
    key: Option<&'a str>,
    url: Option<&'a str>,
    recurrence_url: Option<&'a str>,
    amount: Option<Money>,
    merchant_name: &'a str,
    city: &'a str,
    txid: Option<&'a str>,
    info: Option<&'a str>,
    mcc: &'a str,
    currency: &'a str,
    country: &'a str,
    postal_code: Option<&'a str>,
    crc_ok: bool,
}

/// What a code is made of: what [`Decoded`] has, and whether a dynamic code can be paid once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PixFields {
    kind: Option<String>,
    key: Option<String>,
    url: Option<String>,
    amount: Option<Money>,
    merchant_name: String,
    city: String,
    txid: Option<String>,
    info: Option<String>,
    mcc: Option<String>,
    currency: Option<String>,
    country: Option<String>,
    postal_code: Option<String>,
    one_time: Option<bool>,
    /// Taken so that what was decoded can be encoded; the new code has its own.
    #[serde(rename = "crc_ok")]
    _crc_ok: Option<bool>,
    /// As above. This program makes no recurrences.
    #[serde(rename = "recurrence_url")]
    _recurrence_url: Option<()>,
}

/// Does it.
///
/// # Errors
/// No code of Pix, or none that can be made: told as JSON too.
pub fn run(command: &PixCommand) -> Result<(), Error> {
    match command {
        PixCommand::Decode(args) => answer(decode(&args.payload).map_err(refused)),
        PixCommand::Encode => match input().and_then(|text| encode(&text).map_err(Error::Refused)) {
            Ok(payload) => print(&format!("{payload}\n")),
            refused => answer(refused),
        },
    }
}

fn refused(fault: PixFault) -> Error {
    Error::Refused(fault.into())
}

fn decode(payload: &str) -> Result<Decoded<'_>, PixFault> {
    let code = BrCode::parse(payload)?;
    Ok(Decoded {
        kind: if code.is_dynamic() { DYNAMIC } else { STATIC },
        key: code.key,
        url: code.url,
        recurrence_url: code.recurrence_url,
        amount: code.amount,
        merchant_name: code.merchant_name,
        city: code.city,
        txid: code.txid,
        info: code.info,
        mcc: code.mcc,
        currency: code.currency,
        country: code.country,
        postal_code: code.postal_code,
        crc_ok: code.crc_ok,
    })
}

fn encode(text: &str) -> Result<String, Refusal> {
    let given: PixFields = serde_json::from_str(text)?;
    let target = given.target()?;
    let elsewhere = given.currency.as_deref().is_some_and(|currency| currency != "986")
        || given.country.as_deref().is_some_and(|country| country != "BR");
    if elsewhere {
        return Err(PixFault::Elsewhere.into());
    }
    let code = NewBrCode {
        target,
        merchant_name: &given.merchant_name,
        city: &given.city,
        postal_code: given.postal_code.as_deref(),
        mcc: given.mcc.as_deref(),
    };
    Ok(code.encode().map_err(PixFault::from)?)
}

impl PixFields {
    fn target(&self) -> Result<Target<'_>, PixFault> {
        let (target, kind) = match (self.key.as_deref(), self.url.as_deref()) {
            (Some(key), None) => (self.to_key(key)?, STATIC),
            (None, Some(url)) => (self.to_url(url)?, DYNAMIC),
            _ => return Err(PixFault::Target),
        };
        if self.kind.as_deref().is_some_and(|given| given != kind) {
            return Err(PixFault::Kind(kind));
        }
        Ok(target)
    }

    fn to_key<'a>(&'a self, key: &'a str) -> Result<Target<'a>, PixFault> {
        if self.one_time == Some(true) {
            return Err(PixFault::OneTime);
        }
        let (info, txid) = (self.info.as_deref(), self.txid.as_deref());
        Ok(Target::Static { key, info, amount: self.amount, txid })
    }

    /// Charges are paid once, unless it is said that they are not.
    fn to_url<'a>(&self, url: &'a str) -> Result<Target<'a>, PixFault> {
        let of_the_bank = self.amount.is_some()
            || self.info.is_some()
            || self.txid.as_deref().is_some_and(|txid| txid != "***");
        if of_the_bank {
            return Err(PixFault::OfTheBank);
        }
        Ok(Target::Dynamic { url, one_time: self.one_time.unwrap_or(true) })
    }
}
