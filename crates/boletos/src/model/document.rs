//! The numbers that people and companies have at the Receita Federal.
//!
//! CPF: 11 digits. CNPJ: 14 signs, the last two digits; since July 2026 the first twelve may be letters too (Instrução Normativa RFB
//! 2.229/2024, Nota Técnica 49/2024: a sign counts as its ASCII code less 48).

use std::fmt;
use std::str::FromStr;

use super::digits::text;

/// A person's number, its check digits right: 11 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cpf([u8; 11]);

/// A company's number, its check digits right: 12 digits or capital letters, and 2 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cnpj([u8; 14]);

/// Text that is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not 11 digits.
    #[error("expected a CPF of 11 digits, with or without points and hyphen")]
    CpfForm,
    /// Not 14 signs.
    #[error(
        "expected a CNPJ of 14 digits (or, but for the last two, capital letters), with or without points, slash and hyphen"
    )]
    CnpjForm,
    /// As long as neither.
    #[error("expected a CPF (11 digits) or a CNPJ (14 digits or letters)")]
    NeitherForm,
    /// All digits the same: the check digits fit, and nobody has it.
    #[error("a number of one digit repeated is nobody's")]
    Repeated,
    /// Some digit is wrong.
    #[error("the check digits do not fit the rest of the number")]
    CheckDigits,
}

impl Cpf {
    /// The 11 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// As it is written: `529.982.247-25`.
    #[must_use]
    pub fn printed(&self) -> String {
        let digits = self.as_str();
        format!("{}.{}.{}-{}", &digits[..3], &digits[3..6], &digits[6..9], &digits[9..])
    }
}

impl Cnpj {
    /// The 14 signs, capital letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// As it is written: `12.ABC.345/01DE-35`.
    #[must_use]
    pub fn printed(&self) -> String {
        let signs = self.as_str();
        let (root, branch) = (&signs[..8], &signs[8..12]);
        format!("{}.{}.{}/{branch}-{}", &root[..2], &root[2..5], &root[5..], &signs[12..])
    }
}

impl FromStr for Cpf {
    type Err = DocumentError;

    fn from_str(text: &str) -> Result<Self, DocumentError> {
        let signs: [u8; 11] = signs(text).ok_or(DocumentError::CpfForm)?;
        if !signs.iter().all(u8::is_ascii_digit) {
            return Err(DocumentError::CpfForm);
        }
        checked(&signs, 11).map(|()| Self(signs))
    }
}

impl FromStr for Cnpj {
    type Err = DocumentError;

    fn from_str(text: &str) -> Result<Self, DocumentError> {
        let signs: [u8; 14] = signs(text).ok_or(DocumentError::CnpjForm)?;
        if !signs[12..].iter().all(u8::is_ascii_digit) {
            return Err(DocumentError::CnpjForm);
        }
        checked(&signs, 9).map(|()| Self(signs))
    }
}

/// Exactly so many letters and digits, letters made capital, with nothing but the usual separators between.
fn signs<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut signs = [0; N];
    let mut count = 0;
    for byte in text.trim().bytes().filter(|byte| !matches!(byte, b'.' | b'-' | b'/' | b' ')) {
        *signs.get_mut(count).filter(|_| byte.is_ascii_alphanumeric())? = byte.to_ascii_uppercase();
        count += 1;
    }
    (count == N).then_some(signs)
}

/// The last two signs are modulus 11 of those before, weights from 2 upwards to `top` from the right.
fn checked(signs: &[u8], top: u32) -> Result<(), DocumentError> {
    if signs.iter().all(|sign| *sign == signs[0]) {
        return Err(DocumentError::Repeated);
    }
    let end = signs.len();
    for check in [end - 2, end - 1] {
        let weights = (2..=top).cycle();
        let sum: u32 = signs[..check]
            .iter()
            .rev()
            .zip(weights)
            .map(|(sign, weight)| u32::from(sign - b'0') * weight)
            .sum();
        let expected = match sum % 11 {
            0 | 1 => b'0',
            rest => b'0' + (11 - rest) as u8,
        };
        if signs[check] != expected {
            return Err(DocumentError::CheckDigits);
        }
    }
    Ok(())
}

/// Whose document says who is to pay.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PayerDocument {
    /// A person's.
    Cpf(Cpf),
    /// A company's.
    Cnpj(Cnpj),
    /// Neither: some number that the beneficiary knows its payer by. No bank registers a boleto with it.
    Other(Box<str>),
}

/// Which documents of payers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentProfile {
    /// Any text of 1 to 20 letters, digits, points, hyphens and slashes.
    Any,
    /// A CPF or a CNPJ with right check digits.
    Valid,
}

/// The longest text that passes for a document: a printed CNPJ has 18 signs.
const LONGEST: usize = 20;

/// A payer's document that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayerDocumentError {
    /// Empty, too long, or with signs that no document has.
    #[error("expected 1 to 20 letters, digits, points, hyphens or slashes")]
    Form,
    /// Neither a CPF nor a CNPJ.
    #[error(transparent)]
    Invalid(#[from] DocumentError),
}

impl PayerDocument {
    /// Reads a payer's document. A valid CPF or CNPJ is known as one in either profile.
    ///
    /// # Errors
    /// It is not what the profile takes.
    pub fn parse(text: &str, profile: DocumentProfile) -> Result<Self, PayerDocumentError> {
        let text = text.trim();
        let known = valid(text);
        match (known, profile) {
            (Ok(document), _) => Ok(document),
            (Err(error), DocumentProfile::Valid) => Err(error.into()),
            (Err(_), DocumentProfile::Any) if is_plain(text) => Ok(Self::Other(text.into())),
            (Err(_), DocumentProfile::Any) => Err(PayerDocumentError::Form),
        }
    }

    /// As it is kept: no separators in a CPF or a CNPJ, anything else as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cpf(cpf) => cpf.as_str(),
            Self::Cnpj(cnpj) => cnpj.as_str(),
            Self::Other(text) => text,
        }
    }

    /// As it is printed.
    #[must_use]
    pub fn printed(&self) -> String {
        match self {
            Self::Cpf(cpf) => cpf.printed(),
            Self::Cnpj(cnpj) => cnpj.printed(),
            Self::Other(text) => text.to_string(),
        }
    }
}

fn valid(text: &str) -> Result<PayerDocument, DocumentError> {
    match text.bytes().filter(u8::is_ascii_alphanumeric).count() {
        11 => text.parse().map(PayerDocument::Cpf),
        14 => text.parse().map(PayerDocument::Cnpj),
        _ => Err(DocumentError::NeitherForm),
    }
}

fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'/');
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain)
}

macro_rules! as_signs {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

as_signs!(Cpf, Cnpj);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn documents_are_read_in_either_writing() {
        for (text, printed) in [
            ("529.982.247-25", "529.982.247-25"),
            ("11144477735", "111.444.777-35"),
            ("12345678909", "123.456.789-09"),
            ("11.222.333/0001-81", "11.222.333/0001-81"),
            ("12.ABC.345/01DE-35", "12.ABC.345/01DE-35"),
            ("12abc34501de35", "12.ABC.345/01DE-35"),
            ("03560714000142", "03.560.714/0001-42"),
            ("60.701.190/0001-04", "60.701.190/0001-04"),
            (" 00.000.000/0001-91 ", "00.000.000/0001-91"),
        ] {
            let document = PayerDocument::parse(text, DocumentProfile::Valid).unwrap();
            assert_eq!(document.printed(), printed, "{text}");
            assert_eq!(PayerDocument::parse(text, DocumentProfile::Any), Ok(document), "{text}");
        }
    }

    #[test]
    fn what_is_no_document_says_why_and_is_kept_where_any_text_will_do() {
        for (text, error) in [
            ("11111111111", DocumentError::Repeated),
            ("9558", DocumentError::NeitherForm),
            ("123.456.789-00", DocumentError::CheckDigits),
            ("1234567890X", DocumentError::CpfForm),
            ("12ABC34501DE99", DocumentError::CheckDigits),
            ("12ABC34501DEA5", DocumentError::CnpjForm),
            // Made with letters from A = 10 on, the widespread mistake.
            ("LBNXQOB5000163", DocumentError::CheckDigits),
            ("00000000000000", DocumentError::Repeated),
        ] {
            assert_eq!(PayerDocument::parse(text, DocumentProfile::Valid), Err(error.into()), "{text}");
            let kept = PayerDocument::parse(text, DocumentProfile::Any).unwrap();
            assert_eq!((kept.as_str(), &kept), (text, &PayerDocument::Other(text.into())));
        }
        for text in ["", "  ", "12@BC34501DE35", "no documento nenhum", "é", &"1".repeat(21)] {
            assert_eq!(
                PayerDocument::parse(text, DocumentProfile::Any),
                Err(PayerDocumentError::Form),
                "{text}"
            );
        }
        assert_eq!("12@BC34501DE35".parse::<Cnpj>(), Err(DocumentError::CnpjForm));
    }

    proptest! {
        #[test]
        fn a_changed_digit_of_a_cpf_is_seen(at in 0..11usize, step in 1..10u8) {
            let mut digits = *b"52998224725";
            digits[at] = b'0' + (digits[at] - b'0' + step) % 10;
            prop_assert!(text(&digits).parse::<Cpf>().is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9A-Za-z./ é]{0,24}") {
            let _ = PayerDocument::parse(&text, DocumentProfile::Valid);
            let _ = PayerDocument::parse(&text, DocumentProfile::Any);
        }
    }
}
