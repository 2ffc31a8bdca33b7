//! Names, addresses and other short text, parsed once at the edge.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::is_email;

use super::json_text;

/// Text that is empty, too long, or holds control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {longest} characters, no control characters among them")]
pub struct TextError {
    /// Characters there may be.
    pub longest: usize,
}

/// Text that is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an e-mail address, such as ana@example.com")]
pub struct EmailError;

/// Where a company's invoices go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl FromStr for Email {
    type Err = EmailError;

    /// Refuses what cannot be an address; whether it is somebody's, only a letter sent there can tell.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_email(text) { Ok(Self(text.to_owned())) } else { Err(EmailError) }
    }
}

macro_rules! short_text {
    ($($(#[$doc:meta])* $name:ident, $longest:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text, $longest).map(Self)
            }
        }
    )+};
}

short_text! {
    /// A company's name, 1 to 200 characters.
    CompanyName, 200;
    /// A company's registration with its state, such as a CNPJ, as it writes it: 1 to 32 characters.
    Document, 32;
    /// A company's postal address in one text, 1 to 500 characters.
    Address, 500;
    /// What a key is for, 1 to 100 characters.
    KeyName, 100;
}

macro_rules! shown {
    ($($name:ident),+) => {$(
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

shown!(CompanyName, Document, Address, KeyName, Email);
json_text!(CompanyName, Document, Address, KeyName, Email);

fn parse(text: &str, longest: usize) -> Result<String, TextError> {
    let text = text.trim();
    let fits = (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(TextError { longest }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_counted_in_characters_and_trimmed() {
        assert_eq!(" Água & Cia \n".parse::<CompanyName>().unwrap().as_str(), "Água & Cia");
        assert!("ã".repeat(200).parse::<CompanyName>().is_ok());
        for wrong in ["", "  ", "a\u{0}b", "a\nb", &"ã".repeat(201)] {
            assert_eq!(wrong.parse::<CompanyName>(), Err(TextError { longest: 200 }), "{wrong:?}");
        }
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        for good in ["ana@example.com", "o'neil+x@sub.example.com.br"] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        for wrong in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "a b@example.com",
            "ana@example..com",
            "ana@.com",
            "<b>@example.com",
        ] {
            assert!(wrong.parse::<Email>().is_err(), "{wrong}");
        }
    }
}
