//! `comporta boleto`: what a line or a barcode says, and what it must be.

use clap::{Args, Subcommand};
use comporta_boletos::model::{
    Amount, AmountError, BankAccount, Barcode, BarcodeError, DigitableLine, FieldError, IssueError,
    LineError, Title,
};
use comporta_kernel::{BusinessDate, Clock, Money, Zone};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Error;
use super::coded::{Refusal, answer, input};

mod fields;

use fields::BoletoFields;

/// What is to be done with boletos.
#[derive(Debug, Subcommand)]
pub enum BoletoCommand {
    /// Tell what a digitable line or a barcode says, as JSON
    Decode(DecodeArgs),
    /// Make barcodes and digitable lines of the JSON object or array on standard input
    Encode,
}

/// A line or a barcode, and when it is read.
#[derive(Args, Debug)]
pub struct DecodeArgs {
    /// 47 digits of a line, with or without points and spaces, or 44 of a barcode
    #[arg(required = true, value_name = "LINE|BARCODE")]
    code: Vec<String>,
    /// The day on which it is read, which says what its due date's four digits mean [default: today]
    #[arg(long, value_name = "DATE")]
    on: Option<BusinessDate>,
}

/// No boleto, or none that can be made.
#[derive(Debug, thiserror::Error)]
pub enum BoletoFault {
    /// As long as neither.
    #[error("expected the 47 digits of a digitable line, or the 44 of a barcode")]
    Length,
    /// Not a digitable line.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Not a barcode.
    #[error(transparent)]
    Barcode(#[from] BarcodeError),
    /// The account is none of its bank's.
    #[error(transparent)]
    Account(#[from] FieldError),
    /// The amount does not fit.
    #[error("amount: {0}")]
    Amount(#[from] AmountError),
    /// The account cannot issue it.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// One of many cannot be made.
    #[error("[{at}] {fault}")]
    OneOfMany {
        /// Its place in the array, from 0.
        at: usize,
        /// Why not.
        fault: Box<Refusal>,
    },
}

/// What a line or a barcode says.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Decoded {
    kind: &'static str,
    bank: String,
    due_date: Option<BusinessDate>,
    amount: Money,
    free_field: String,
    barcode: String,
    digitable_line: String,
}

/// What was given, and what it makes.
#[derive(Debug, Serialize)]
struct Encoded {
    #[serde(flatten)]
    given: BoletoFields,
    barcode: String,
    digitable_line: String,
}

/// Does it.
///
/// # Errors
/// No boleto, or none that can be made: told as JSON too.
pub fn run(command: &BoletoCommand) -> Result<(), Error> {
    let today = today();
    match command {
        BoletoCommand::Decode(args) => {
            let decoded = decode(&args.code.join(" "), args.on.unwrap_or(today));
            answer(decoded.map_err(|fault| Error::Refused(fault.into())))
        }
        BoletoCommand::Encode => {
            answer(input().and_then(|text| encode_all(&text, today).map_err(Error::Refused)))
        }
    }
}

/// The day in Brasília, whose time banks go by.
fn today() -> BusinessDate {
    let zone: Option<Zone> = "America/Sao_Paulo".parse().ok();
    zone.and_then(|zone| zone.date_of(Clock::system().now())).unwrap_or(BusinessDate::MAX)
}

fn decode(code: &str, on: BusinessDate) -> Result<Decoded, BoletoFault> {
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let barcode: Barcode = match digits {
        44 => code.replace(' ', "").parse()?,
        // 48 are a line too, of what is no boleto.
        47 | 48 => code.parse::<DigitableLine>()?.barcode(),
        _ => return Err(BoletoFault::Length),
    };
    Ok(Decoded {
        kind: "boleto",
        bank: barcode.bank_code().to_owned(),
        due_date: barcode.due_factor().date(on),
        amount: barcode.amount(),
        free_field: barcode.free_field().to_owned(),
        barcode: barcode.to_string(),
        digitable_line: DigitableLine::from(&barcode).to_string(),
    })
}

/// One object, or many.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Box<Encoded>),
    Many(Vec<Encoded>),
}

fn encode_all(text: &str, today: BusinessDate) -> Result<OneOrMany, Refusal> {
    if !text.trim_start().starts_with('[') {
        return Ok(OneOrMany::One(Box::new(encode(text, today)?)));
    }
    let items: Vec<&RawValue> = serde_json::from_str(text)?;
    let of_many = |(at, item): (usize, &RawValue)| {
        encode(item.get(), today).map_err(|fault| BoletoFault::OneOfMany { at, fault: Box::new(fault) })
    };
    Ok(OneOrMany::Many(items.into_iter().enumerate().map(of_many).collect::<Result<_, _>>()?))
}

fn encode(text: &str, today: BusinessDate) -> Result<Encoded, Refusal> {
    let given: BoletoFields = serde_json::from_str(text)?;
    let barcode = barcode_of(&given, today)?;
    let digitable_line = DigitableLine::from(&barcode).to_string();
    Ok(Encoded { given, barcode: barcode.to_string(), digitable_line })
}

fn barcode_of(given: &BoletoFields, today: BusinessDate) -> Result<Barcode, BoletoFault> {
    let account = BankAccount::parse(&given.account())?;
    let title = Title {
        due: given.due_date,
        issued: given.issue_date.unwrap_or(today),
        document_number: given.document_number.as_deref(),
    };
    let number = account.read_number(given.our_number.as_deref().unwrap_or_default(), &title);
    // A barcode may leave the amount open: zeros.
    let amount = if given.amount == Money::ZERO { None } else { Some(Amount::try_from(given.amount)?) };
    Ok(account.barcode(number.map_err(IssueError::from)?, amount, &title)?)
}
