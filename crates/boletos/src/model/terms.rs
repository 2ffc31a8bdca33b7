//! What a boleto asks for or grants beyond its amount, as it is written and kept.

use comporta_kernel::{BusinessDate, Money};
use serde::{Deserialize, Serialize};

use super::{Amount, AmountError, Charges, ChargesError, Discount, Interest, Percent, PercentError, Share};

/// Instructions, fine, interest and discounts. Kept as JSON, in this form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Lines for whoever takes the money.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<String>,
    /// What is added once when it is paid late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fine: Option<ChargeDocument>,
    /// What is added when it is paid late: an amount for each day, or a percentage for each month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interest: Option<ChargeDocument>,
    /// What is taken off when it is paid early.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<DiscountDocument>,
}

/// A sum, or a share of the amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "ChargeFields", rename_all = "snake_case")]
#[schema(as = Charge)]
pub enum ChargeDocument {
    /// Reais.
    #[schema(value_type = String)]
    Amount(Money),
    /// So much of each hundred, such as `2.00`.
    Percent(String),
}

/// A charge as it is read, which tells more of what is wrong than an enum would.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChargeFields {
    amount: Option<Money>,
    percent: Option<String>,
}

impl TryFrom<ChargeFields> for ChargeDocument {
    type Error = &'static str;

    fn try_from(fields: ChargeFields) -> Result<Self, &'static str> {
        match fields {
            ChargeFields { amount: Some(amount), percent: None } => Ok(Self::Amount(amount)),
            ChargeFields { amount: None, percent: Some(percent) } => Ok(Self::Percent(percent)),
            _ => Err("expected either amount or percent"),
        }
    }
}

/// What is taken off when it is paid by a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Discount)]
pub struct DiscountDocument {
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub until: BusinessDate,
    /// How much.
    pub off: ChargeDocument,
}

/// Terms that make no sense for a boleto.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct TermsError {
    /// Where in them, as a JSON pointer.
    pub pointer: String,
    /// What is wrong.
    #[source]
    pub fault: TermsFault,
}

/// What is wrong with terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermsFault {
    /// A sum that no boleto may ask for.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// Not a percentage.
    #[error(transparent)]
    Percent(#[from] PercentError),
    /// They do not fit the boleto, or each other.
    #[error(transparent)]
    Charges(#[from] ChargesError),
}

impl Terms {
    /// As they are kept; nothing for what is plain.
    #[must_use]
    pub fn as_kept(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).unwrap_or_default())
    }

    /// What they ask for, for a boleto.
    ///
    /// # Errors
    /// They make no sense for it.
    pub fn charges(&self, amount: Amount, due: BusinessDate) -> Result<Charges, TermsError> {
        let fine = self.fine.as_ref().map(|fine| fine.share("/fine")).transpose()?;
        let interest = self.interest.as_ref().map(|interest| interest.share("/interest")).transpose()?;
        let interest = interest.map(|interest| match interest {
            Share::Amount(amount) => Interest::PerDay(amount),
            Share::Percent(percent) => Interest::PerMonth(percent),
        });
        let discounts =
            (0..).zip(&self.discounts).map(|(place, DiscountDocument { until, off }): (usize, _)| {
                Ok::<_, TermsError>(Discount {
                    until: *until,
                    off: off.share(&format!("/discounts/{place}/off"))?,
                })
            });
        Charges::new(amount, due, fine, interest, discounts.collect::<Result<_, _>>()?)
            .map_err(|error| TermsError { pointer: format!("/{}", error.field()), fault: error.into() })
    }
}

impl ChargeDocument {
    /// What it asks for; `pointer` is where it stands.
    fn share(&self, pointer: &str) -> Result<Share, TermsError> {
        let at = |field: &str, fault| TermsError { pointer: format!("{pointer}/{field}"), fault };
        match self {
            Self::Amount(money) => {
                Amount::try_from(*money).map(Share::Amount).map_err(|error| at("amount", error.into()))
            }
            Self::Percent(text) => {
                text.parse::<Percent>().map(Share::Percent).map_err(|error| at("percent", error.into()))
            }
        }
    }
}
