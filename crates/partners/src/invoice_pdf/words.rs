//! Amounts, days and registrations as they are written in Brazil, and the months in both languages.

use comporta_kernel::{BusinessDate, Currency, Money, Month};

use crate::UnitPrice;

const MONTHS: [(&str, &str); 12] = [
    ("janeiro", "January"),
    ("fevereiro", "February"),
    ("março", "March"),
    ("abril", "April"),
    ("maio", "May"),
    ("junho", "June"),
    ("julho", "July"),
    ("agosto", "August"),
    ("setembro", "September"),
    ("outubro", "October"),
    ("novembro", "November"),
    ("dezembro", "December"),
];

/// `R$ 1.234,56`.
pub(crate) fn money(amount: Money, currency: Currency) -> String {
    decimal(&amount.to_string(), currency)
}

/// `R$ 0,0125`.
pub(crate) fn unit_price(unit: UnitPrice, currency: Currency) -> String {
    decimal(&unit.to_string(), currency)
}

/// `1.234.567`.
pub(crate) fn count(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(&number.unsigned_abs().to_string(), '.'))
}

/// `1,234,567`.
pub(crate) fn count_english(number: u64) -> String {
    grouped(&number.to_string(), ',')
}

/// `31/10/2026`.
pub(crate) fn date(day: BusinessDate) -> String {
    let civil = day.civil();
    format!("{:02}/{:02}/{:04}", civil.day(), civil.month(), civil.year())
}

/// `outubro de 2026`.
pub(crate) fn month_portuguese(month: Month) -> String {
    format!("{} de {}", names(month).0, month.first_day().civil().year())
}

/// `October 2026`.
pub(crate) fn month_english(month: Month) -> String {
    format!("{} {}", names(month).1, month.first_day().civil().year())
}

/// A CNPJ or CPF in its usual form and with its name; anything else as it is.
pub(crate) fn document(text: &str) -> String {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let usual = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | ' '));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match plain.len() {
        // Since July 2026 a CNPJ may hold letters, all but its check digits (IN RFB 2.229/2024).
        14 if usual && digits(&plain[12..]) => {
            let [a, b, c, d, e] = [&plain[..2], &plain[2..5], &plain[5..8], &plain[8..12], &plain[12..]];
            format!("CNPJ {a}.{b}.{c}/{d}-{e}")
        }
        11 if usual && digits(&plain) => {
            format!("CPF {}.{}.{}-{}", &plain[..3], &plain[3..6], &plain[6..9], &plain[9..])
        }
        _ => text.to_owned(),
    }
}

fn names(month: Month) -> (&'static str, &'static str) {
    let number = usize::try_from(month.first_day().civil().month()).unwrap_or(1);
    MONTHS.get(number.saturating_sub(1)).copied().unwrap_or(MONTHS[0])
}

fn decimal(text: &str, currency: Currency) -> String {
    let (sign, size) = text.strip_prefix('-').map_or(("", text), |size| ("-", size));
    let (whole, fraction) = size.split_once('.').unwrap_or((size, "00"));
    let symbol = if currency == Currency::BRL { "R$" } else { currency.as_str() };
    format!("{sign}{symbol} {},{fraction}", grouped(whole, '.'))
}

fn grouped(digits: &str, separator: char) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_they_do_in_brazil() {
        for (amount, text) in [
            ("0", "R$ 0,00"),
            ("999.99", "R$ 999,99"),
            ("1234.56", "R$ 1.234,56"),
            ("9999999999999.99", "R$ 9.999.999.999.999,99"),
            ("-1234567.8", "-R$ 1.234.567,80"),
        ] {
            assert_eq!(money(amount.parse().unwrap(), Currency::BRL), text);
        }
        assert_eq!(unit_price("0.0125".parse().unwrap(), Currency::BRL), "R$ 0,0125");
        assert_eq!(money("1".parse().unwrap(), "USD".parse().unwrap()), "USD 1,00");
        assert_eq!((count(-1_234_567), count_english(10_000)), ("-1.234.567".into(), "10,000".into()));
    }

    #[test]
    fn days_and_months_are_named() {
        let day: BusinessDate = "2026-03-09".parse().unwrap();
        assert_eq!(date(day), "09/03/2026");
        assert_eq!(
            (month_portuguese(day.month()), month_english(day.month())),
            ("março de 2026".into(), "March 2026".into())
        );
    }

    #[test]
    fn registrations_have_their_form_and_name() {
        for (text, shown) in [
            ("12345678000195", "CNPJ 12.345.678/0001-95"),
            ("12.345.678/0001-95", "CNPJ 12.345.678/0001-95"),
            ("12ABC34501DE35", "CNPJ 12.ABC.345/01DE-35"),
            ("52998224725", "CPF 529.982.247-25"),
            ("VAT 123", "VAT 123"),
            ("é2345678000195x", "é2345678000195x"),
        ] {
            assert_eq!(document(text), shown);
        }
    }
}
