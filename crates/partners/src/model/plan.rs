//! A plan: how often a company may call, how much in a day or month, and what that costs.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use comporta_kernel::{Rate, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Price, Quota, json_text};

/// Text that is not a plan's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 of a-z, 0-9, `-`, `_` and `.`, the first a letter or digit")]
pub struct PlanNameError;

/// A burst without the rate that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a burst needs a rate beside it")]
pub struct BurstWithoutRate;

/// A plan's name, such as `basic`: it stands in paths, in answers and on bills.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlanName(Box<str>);

/// What a plan says; a part that is left out neither limits nor costs anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanTerms {
    /// How often a company may call, over all routes without a limit of their own: `100/s`, `6000/m`, `1000/h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[1-9][0-9]*/(s|m|h)$", example = "100/s")]
    rate: Option<Rate>,
    /// How many calls may come at once; a second's worth of the rate unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1, example = 200)]
    burst: Option<NonZeroU32>,
    /// How many calls in a day or month, whatever the route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quota: Option<Quota>,
    /// What the month and its calls cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
}

/// A plan as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its name.
    pub name: PlanName,
    /// What it says.
    pub terms: PlanTerms,
    /// When it was first put.
    pub created_at: Timestamp,
    /// When it was last put.
    pub updated_at: Timestamp,
}

/// A plan as gateways hold it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanInForce {
    /// Its name.
    pub name: PlanName,
    /// What it says.
    pub terms: PlanTerms,
    /// Rises with every change: no two versions of any plans have the same.
    pub epoch: i64,
}

impl PlanTerms {
    /// How often a company may call.
    #[must_use]
    pub const fn rate(&self) -> Option<Rate> {
        self.rate
    }

    /// How many calls may come at once.
    #[must_use]
    pub fn burst(&self) -> Option<u32> {
        self.burst.map(NonZeroU32::get)
    }

    /// How many calls in a day or month.
    #[must_use]
    pub const fn quota(&self) -> Option<Quota> {
        self.quota
    }

    /// What the month and its calls cost.
    #[must_use]
    pub const fn price(&self) -> Option<&Price> {
        self.price.as_ref()
    }

    /// Terms of these parts.
    ///
    /// # Errors
    /// A burst without a rate.
    pub fn new(
        rate: Option<Rate>,
        burst: Option<NonZeroU32>,
        quota: Option<Quota>,
        price: Option<Price>,
    ) -> Result<Self, BurstWithoutRate> {
        let terms = Self { rate, burst, quota, price };
        terms.check().map(|()| terms)
    }

    /// What its fields cannot say one by one.
    ///
    /// # Errors
    /// A burst without a rate.
    pub fn check(&self) -> Result<(), BurstWithoutRate> {
        if self.burst.is_some() && self.rate.is_none() { Err(BurstWithoutRate) } else { Ok(()) }
    }
}

impl PlanName {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanName {
    type Err = PlanNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let rest = |byte: u8| plain(byte) || matches!(byte, b'-' | b'_' | b'.');
        let first = text.bytes().next().is_some_and(plain);
        if first && text.len() <= 64 && text.bytes().all(rest) {
            Ok(Self(text.into()))
        } else {
            Err(PlanNameError)
        }
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

json_text!(PlanName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plans_name_is_plain() {
        for good in ["basic", "gold-2026", "0", "a.b_c"] {
            assert_eq!(good.parse::<PlanName>().unwrap().as_str(), good);
        }
        for wrong in ["", "-a", ".", "Gold", "a b", "a/b", "é", &"a".repeat(65)] {
            assert_eq!(wrong.parse::<PlanName>(), Err(PlanNameError), "{wrong}");
        }
    }

    #[test]
    fn terms_read_back_as_they_were_written_and_leave_out_what_they_do_not_say() {
        let text = r#"{"rate":"100/s","burst":200,"quota":{"requests":10000,"per":"month"}}"#;
        let terms: PlanTerms = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&terms).unwrap(), text);
        assert_eq!(terms.burst(), Some(200));
        assert_eq!(serde_json::to_string(&PlanTerms::default()).unwrap(), "{}");
    }

    #[test]
    fn what_no_plan_says_is_refused() {
        for wrong in [
            r#"{"rte":"100/s"}"#,
            r#"{"rate":"100"}"#,
            r#"{"rate":"1/s","burst":0}"#,
            r#"{"quota":{"requests":0,"per":"day"}}"#,
            r#"{"quota":{"requests":1,"per":"week"}}"#,
            r#"{"quota":{"requests":1}}"#,
            r#"{"quota":{"requests":1,"per":"day","from":1}}"#,
            r#"{"quota":{"requests":1000000000000001,"per":"day"}}"#,
        ] {
            assert!(serde_json::from_str::<PlanTerms>(wrong).is_err(), "{wrong}");
        }
        let burst: PlanTerms = serde_json::from_str(r#"{"burst":5}"#).unwrap();
        assert_eq!(burst.check(), Err(BurstWithoutRate));
    }
}
