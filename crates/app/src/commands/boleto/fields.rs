//! The fields of a boleto in JSON.

use std::ops::Deref;

use comporta_boletos::model::AccountFields;
use comporta_kernel::{BusinessDate, Money};
use serde::{Deserialize, Deserializer, Serialize};

/// What a boleto is made of: the account's fields as `comporta_boletos` has them, and the boleto's own.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoletoFields {
    bank: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    agency: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agency_digit: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_digit: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary_digit: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variation: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_byte: Option<Text>,
    /// Left out only where the bank is to give it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) our_number: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) document_number: Option<Text>,
    /// With `"0.00"` the payer says how much.
    pub(super) amount: Money,
    pub(super) due_date: BusinessDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issue_date: Option<BusinessDate>,
}

impl BoletoFields {
    pub(super) fn account(&self) -> AccountFields<'_> {
        AccountFields {
            bank: &self.bank,
            agency: self.agency.as_deref(),
            agency_digit: self.agency_digit.as_deref(),
            account: self.account.as_deref(),
            account_digit: self.account_digit.as_deref(),
            wallet: self.wallet.as_deref(),
            agreement: self.agreement.as_deref(),
            beneficiary: self.beneficiary.as_deref(),
            beneficiary_digit: self.beneficiary_digit.as_deref(),
            variation: self.variation.as_deref(),
            operation: self.operation.as_deref(),
            post: self.post.as_deref(),
            id_byte: self.id_byte.as_deref(),
        }
    }
}

/// A text, because the zeros of account numbers count; a whole number is taken for the text that it is written with.
#[derive(Debug, Serialize)]
pub(super) struct Text(String);

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a text or a whole number")]
        enum Written {
            Text(String),
            Number(u64),
        }
        Ok(Self(match Written::deserialize(input)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        }))
    }
}
