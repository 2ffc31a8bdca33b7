//! What a row must hold to become a boleto.

use comporta_kernel::{BusinessDate, Money, MoneyError, is_email};

use super::super::{Amount, Code, Column, DocumentProfile, DueFactor, Layout, PayerDocument};
use super::Row;

/// The longest name of a payer, in characters.
pub const LONGEST_NAME: usize = 200;
/// The longest id of a debt, in characters.
pub const LONGEST_DEBT_ID: usize = 100;
/// Days ahead of a reader's today that a barcode's factor can say.
pub const DAYS_AHEAD: i32 = 5_500;

type Fault = (Option<Column>, Code);

/// The rules for the rows of one file.
pub(super) struct Checks<'a> {
    layout: &'a Layout,
    documents: DocumentProfile,
    last_day: BusinessDate,
    /// The due date read last: files have long runs of few days.
    day: (Vec<u8>, BusinessDate),
    decoded: String,
}

impl<'a> Checks<'a> {
    pub(super) fn new(layout: &'a Layout, documents: DocumentProfile, today: BusinessDate) -> Self {
        let last_day = today.plus_days(DAYS_AHEAD);
        Self { layout, documents, last_day, day: (Vec::new(), last_day), decoded: String::new() }
    }

    /// Reads a record, its texts behind those of `text`.
    pub(super) fn row(&mut self, record: &csv::ByteRecord, text: &mut String) -> Result<Row, Fault> {
        if record.len() != self.layout.width() {
            return Err((None, Code::WrongFieldCount));
        }
        let id = self.text(record, Column::DebtId, LONGEST_DEBT_ID, text)?;
        let name = self.text(record, Column::Name, LONGEST_NAME, text)?;
        let document = self.document(record, text)?;
        let amount = amount(field(record, self.layout, Column::DebtAmount))
            .map_err(|code| (Some(Column::DebtAmount), code))?;
        let due = self
            .due(field(record, self.layout, Column::DebtDueDate))
            .map_err(|code| (Some(Column::DebtDueDate), code))?;
        let (email, warning) = self.email(record, text);
        Ok(Row { at: 0, line: 0, id, name, document, email, warning, due, amount })
    }

    fn text(
        &mut self,
        record: &csv::ByteRecord,
        column: Column,
        longest: usize,
        text: &mut String,
    ) -> Result<u16, Fault> {
        let read = decode(field(record, self.layout, column), &mut self.decoded).trim();
        let fault = |code| Err((Some(column), code));
        match read.len() {
            0 => return fault(Code::Missing),
            length if length > longest && read.chars().count() > longest => return fault(Code::TooLong),
            _ => {}
        }
        if read.chars().any(char::is_control) {
            return fault(Code::ControlCharacter);
        }
        text.push_str(read);
        Ok(read.len() as u16)
    }

    fn document(&mut self, record: &csv::ByteRecord, text: &mut String) -> Result<u16, Fault> {
        let read = decode(field(record, self.layout, Column::GovernmentId), &mut self.decoded);
        let fault = |code| (Some(Column::GovernmentId), code);
        if read.is_empty() {
            return Err(fault(Code::Missing));
        }
        let document =
            PayerDocument::parse(read, self.documents).map_err(|_| fault(Code::InvalidDocument))?;
        text.push_str(document.as_str());
        Ok(document.as_str().len() as u16)
    }

    /// An address that is none is no reason not to issue.
    fn email(&mut self, record: &csv::ByteRecord, text: &mut String) -> (u16, Option<Code>) {
        let read = decode(field(record, self.layout, Column::Email), &mut self.decoded).trim();
        if read.is_empty() {
            return (0, Some(Code::NoEmail));
        }
        if !is_email(read) {
            return (0, Some(Code::InvalidEmail));
        }
        text.push_str(read);
        (read.len() as u16, None)
    }

    fn due(&mut self, field: &[u8]) -> Result<BusinessDate, Code> {
        // The memo is empty at first, which is no date.
        if !field.is_empty() && self.day.0 == field {
            return Ok(self.day.1);
        }
        let text = std::str::from_utf8(field).map_err(|_| Code::InvalidDate)?;
        if text.is_empty() {
            return Err(Code::Missing);
        }
        let day: BusinessDate = text.parse().map_err(|_| Code::InvalidDate)?;
        if day > self.last_day || DueFactor::of(day).is_err() {
            return Err(Code::DateOutOfRange);
        }
        self.day.0.clear();
        self.day.0.extend_from_slice(field);
        self.day.1 = day;
        Ok(day)
    }
}

fn field<'r>(record: &'r csv::ByteRecord, layout: &Layout, column: Column) -> &'r [u8] {
    record.get(layout.place(column)).unwrap_or_default().trim_ascii()
}

/// UTF-8 as it is, else what Windows calls Latin-1.
fn decode<'a>(field: &'a [u8], decoded: &'a mut String) -> &'a str {
    if let Ok(text) = std::str::from_utf8(field) {
        return text;
    }
    decoded.clear();
    decoded.extend(field.iter().map(|byte| windows_1252(*byte)));
    decoded
}

/// Latin-1 (ISO 8859-1) but for the 27 characters that Windows has in the place of control characters.
fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => FROM_80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// An amount as written in files: exact, in reais, without a sign.
pub(super) fn amount(field: &[u8]) -> Result<Amount, Code> {
    let text = std::str::from_utf8(field).map_err(|_| Code::InvalidAmount)?;
    if text.is_empty() {
        return Err(Code::Missing);
    }
    let money = plain_amount(text.as_bytes()).map_or_else(|| text.parse::<Money>(), Money::from_centavos);
    let money = match money {
        Ok(_) if text.contains(['e', 'E']) => return Err(Code::InvalidAmount),
        Ok(money) => money,
        Err(MoneyError::TooLarge) => return Err(Code::AmountOutOfRange),
        Err(MoneyError::NotDecimal | MoneyError::TooPrecise) => return Err(Code::InvalidAmount),
    };
    Amount::try_from(money).map_err(|_| Code::AmountOutOfRange)
}

/// What nearly every amount is: up to eight digits, and two more or none behind a point.
fn plain_amount(text: &[u8]) -> Option<i64> {
    let (whole, cents) = match text {
        [whole @ .., b'.', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            (whole, i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        }
        whole => (whole, 0),
    };
    let is_plain =
        matches!(whole, [b'1'..=b'9', rest @ ..] if rest.len() < 8 && rest.iter().all(u8::is_ascii_digit));
    let value = |whole: &[u8]| whole.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    is_plain.then(|| value(whole) * 100 + cents)
}
