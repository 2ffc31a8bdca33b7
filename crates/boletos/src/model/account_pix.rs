//! Pix beside boletos: a static code for each boleto of an account whose owner asked for it.
//!
//! It pays the account's owner, and settles no boleto at the bank: see [`super::BrCode`]. What ties it to its boleto is the
//! reference in the owner's statement.

use super::{Boleto, BrCodeFault, NewBrCode, Status, Target, merchant_name};

/// Signs of a reference: as many as a static code has room for.
const TXID: usize = 25;

/// Where the owner of an account is paid by Pix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPix {
    key: String,
    city: String,
}

/// Fields of an account that no code can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountPixError {
    /// A town alone.
    #[error("expected beside pix_city")]
    NoKey,
    /// A key alone.
    #[error("expected beside pix_key")]
    NoCity,
    /// A key that no code has room for.
    #[error("expected 1 to 77 signs without blanks")]
    Key,
    /// A town that no code has room for.
    #[error("expected 1 to 15 signs of plain text")]
    City,
}

impl AccountPixError {
    /// The field at fault.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::NoKey | Self::Key => "pix_key",
            Self::NoCity | Self::City => "pix_city",
        }
    }
}

impl AccountPix {
    /// From an account's fields; `None` if it has neither. A code is made to see that it can be.
    ///
    /// # Errors
    /// One without the other, or one that a code does not take.
    pub fn parse(key: Option<&str>, city: Option<&str>) -> Result<Option<Self>, AccountPixError> {
        let (key, city) = match (key, city) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(AccountPixError::NoKey),
            (Some(_), None) => return Err(AccountPixError::NoCity),
            (Some(key), Some(city)) => (key.to_owned(), city.to_owned()),
        };
        let pix = Self { key, city };
        match pix.write("", None, "A") {
            Ok(_) => Ok(Some(pix)),
            Err(BrCodeFault::City) => Err(AccountPixError::City),
            Err(_) => Err(AccountPixError::Key),
        }
    }

    /// The code of a boleto for its amount, whose reference is the end of its id in upper case; `None` when it is not to
    /// be paid any more. `name` is the owner's, shortened to what a code has room for.
    #[must_use]
    pub fn code(&self, boleto: &Boleto, name: &str) -> Option<String> {
        if boleto.status != Status::Open {
            return None;
        }
        let id = boleto.id.to_string().to_ascii_uppercase();
        let (_, txid) = id.split_at_checked(id.len().checked_sub(TXID)?)?;
        self.write(name, Some(boleto.amount), txid).ok()
    }

    fn write(
        &self,
        name: &str,
        amount: Option<comporta_kernel::Money>,
        txid: &str,
    ) -> Result<String, BrCodeFault> {
        let target = Target::Static { key: &self.key, info: None, amount, txid: Some(txid) };
        let merchant_name = &merchant_name(name);
        NewBrCode { target, merchant_name, city: &self.city, postal_code: None, mcc: None }.encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::tests::sample;
    use crate::model::BrCode;

    #[test]
    fn a_code_names_whom_it_pays_how_much_and_for_which_boleto() {
        let pix = AccountPix::parse(Some("pix@padaria.example"), Some("São Paulo")).unwrap().unwrap();
        let mut boleto = sample();
        boleto.id = "bol_01kb1gy3m7f0v9s4t2q8n6x5cw".parse().unwrap();
        let text = pix.code(&boleto, "Padaria e Confeitaria São João do Rio Preto").unwrap();
        let code = BrCode::parse(&text).unwrap();
        assert_eq!(code.key, Some("pix@padaria.example"));
        assert_eq!((code.merchant_name, code.city), ("Padaria e Confeitaria Sao", "Sao Paulo"));
        assert_eq!((code.amount, code.txid), (Some(boleto.amount), Some("1KB1GY3M7F0V9S4T2Q8N6X5CW")));
        for status in [Status::Paid, Status::PartiallyPaid, Status::Cancelled] {
            assert_eq!(
                pix.code(&Boleto { status, ..boleto.clone() }, "Padaria"),
                None,
                "it would be paid in vain"
            );
        }
    }

    #[test]
    fn fields_that_make_no_code_are_told_by_name() {
        let fault = |key, city| AccountPix::parse(key, city).unwrap_err();
        let (long, longer) = ("k".repeat(77), "k".repeat(78));
        assert_eq!(fault(None, Some("Recife")).field(), "pix_key");
        assert_eq!(fault(Some("k"), None).field(), "pix_city");
        for key in ["", "a b", "chave é", &longer] {
            assert_eq!(fault(Some(key), Some("Recife")), AccountPixError::Key, "{key}");
        }
        for city in ["", " ", "São José do Rio Preto", "東京"] {
            assert_eq!(fault(Some("k"), Some(city)), AccountPixError::City, "{city}");
        }
        assert!(AccountPix::parse(Some(&long), Some("São José do Rio")).unwrap().is_some());
        assert_eq!(AccountPix::parse(None, None), Ok(None));
    }
}
