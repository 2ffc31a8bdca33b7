//! The banks whose rules are known here.

use std::fmt;
use std::str::FromStr;

/// What nobody here knows the rules of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the three digits of a bank whose rules are known: {}", codes())]
pub struct UnknownBank;

macro_rules! banks {
    ($($variant:ident, $code:literal, $digit:literal, $name:literal;)*) => {
        /// A bank, by its number in the clearing system (COMPE).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Bank {
            $(#[doc = $name] $variant,)*
        }

        impl Bank {
            /// All of them, by their codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The three digits.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// As it stands at the head of a slip, such as `341-7`. The digit is what each bank prints, which is not of one
            /// rule.
            #[must_use]
            pub const fn printed_code(self) -> &'static str {
                match self { $(Self::$variant => concat!($code, "-", $digit),)* }
            }

            /// The name that payers know.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

banks! {
    BancoDoBrasil, "001", "9", "Banco do Brasil";
    BancoDoNordeste, "004", "3", "Banco do Nordeste";
    Banestes, "021", "3", "Banestes";
    Santander, "033", "7", "Santander";
    Banrisul, "041", "8", "Banrisul";
    Brb, "070", "1", "BRB";
    Inter, "077", "9", "Banco Inter";
    Uniprime, "084", "1", "Uniprime";
    Ailos, "085", "1", "Ailos";
    CrediSis, "097", "3", "CrediSIS";
    Caixa, "104", "0", "Caixa Econômica Federal";
    Unicred, "136", "8", "Unicred";
    Bradesco, "237", "2", "Bradesco";
    C6, "336", "7", "C6 Bank";
    Itau, "341", "7", "Itaú";
    Hsbc, "399", "9", "HSBC";
    Safra, "422", "7", "Safra";
    Daycoval, "707", "2", "Daycoval";
    Citibank, "745", "5", "Citibank";
    Sicredi, "748", "X", "Sicredi";
    Sicoob, "756", "0", "Sicoob";
}

fn codes() -> String {
    Bank::ALL.iter().map(|bank| bank.code()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Bank {
    type Err = UnknownBank;

    fn from_str(text: &str) -> Result<Self, UnknownBank> {
        Self::ALL.iter().copied().find(|bank| bank.code() == text).ok_or(UnknownBank)
    }
}

impl fmt::Display for Bank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_is_found_by_its_three_digits() {
        for bank in Bank::ALL {
            assert_eq!(bank.code().parse(), Ok(*bank));
        }
        assert_eq!("748".parse::<Bank>().unwrap().printed_code(), "748-X");
        for unknown in ["", "1", "01", "000", "999", "341-7"] {
            assert_eq!(unknown.parse::<Bank>(), Err(UnknownBank), "{unknown}");
        }
    }
}
