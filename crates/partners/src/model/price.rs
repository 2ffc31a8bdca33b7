//! What a plan costs: a base price a month, and a price for each call by graduated tiers.

mod document;
mod line;
mod unit;

use std::collections::BTreeSet;

use comporta_kernel::Money;
use serde::{Deserialize, Serialize};

pub use line::{PriceLine, PricePart};
pub use unit::{UnitPrice, UnitPriceError};

/// Tiers a price may have.
const MOST_TIERS: usize = 20;
/// The largest `up_to` of a tier: what every reader of JSON still reads exactly, and the database holds.
const LARGEST_TIER: u64 = 999_999_999_999_999;

/// The price of a month. Read strictly, so that one that is kept can always be calculated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What the month costs before its first call.
    #[serde(default, deserialize_with = "document::base")]
    #[schema(value_type = String, default = "0.00", example = "150.00")]
    base: Money,
    /// What calls cost, each in the tier that it falls in: the first `up_to` calls in the first tier, and so on. The
    /// last tier has no `up_to`. Without tiers no call costs anything.
    #[serde(default, deserialize_with = "document::tiers")]
    #[schema(max_items = 20)]
    tiers: Vec<Tier>,
    /// Which calls count, by the class of their status.
    #[serde(default = "only_served", deserialize_with = "document::classes")]
    #[schema(value_type = Vec<StatusClass>, default = json!(["2xx"]), min_items = 1)]
    bill: BTreeSet<StatusClass>,
}

/// A tier of calls that cost the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The month's last call in it, counted from one; null or left out: all the rest.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 999_999_999_999_999_u64, example = 10_000)]
    pub up_to: Option<u64>,
    /// What each of its calls costs.
    #[schema(value_type = String, example = "0.015")]
    pub unit: UnitPrice,
}

/// The class of an answer's status that may be billed. Calls that a limit refused are in none of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, utoipa::ToSchema,
)]
pub enum StatusClass {
    /// Served.
    #[serde(rename = "2xx")]
    Success,
    /// Sent elsewhere, or still fresh.
    #[serde(rename = "3xx")]
    Redirection,
    /// The caller's error.
    #[serde(rename = "4xx")]
    ClientError,
    /// The server's error.
    #[serde(rename = "5xx")]
    ServerError,
}

/// Billable calls of a month, by class: what a price is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls([u64; 4]);

/// Why tiers are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TiersError {
    /// More tiers than a bill could show.
    #[error("expected at most {MOST_TIERS} tiers")]
    TooMany,
    /// A tier that holds no call, or does not begin where the one before ends.
    #[error("tier {tier}: expected an up_to from {from} to {LARGEST_TIER}, more than the one before")]
    NotRising {
        /// Which, counted from one.
        tier: usize,
        /// The least that could stand there.
        from: u64,
    },
    /// A tier without end before the last.
    #[error("tier {tier}: expected an up_to, which only the last tier is without")]
    NoEnd {
        /// Which, counted from one.
        tier: usize,
    },
    /// Nothing says what calls beyond the last tier cost.
    #[error(
        "the last tier takes all the rest: expected it without up_to; calls beyond that are free have the unit \"0\""
    )]
    NoRest,
}

impl Price {
    /// A price of its parts.
    ///
    /// # Errors
    /// When the tiers do not say of each call what it costs.
    pub fn new(base: Money, tiers: Vec<Tier>, bill: BTreeSet<StatusClass>) -> Result<Self, TiersError> {
        check_tiers(&tiers)?;
        Ok(Self { base, tiers, bill })
    }

    /// How many of a month's calls count.
    #[must_use]
    pub fn billable(&self, calls: Calls) -> u64 {
        self.bill.iter().fold(0, |sum: u64, class| sum.saturating_add(calls.of(*class)))
    }

    /// What so many calls that count cost: the base, then each tier that they reach. The sum of the lines is the bill.
    #[must_use]
    pub fn lines(&self, calls: u64) -> Vec<PriceLine> {
        let mut lines = vec![PriceLine::base(self.base)];
        let mut after = 0;
        for (tier, number) in self.tiers.iter().zip(1..) {
            let end = tier.up_to.unwrap_or(u64::MAX);
            let quantity = calls.min(end).saturating_sub(after);
            if quantity == 0 {
                break;
            }
            let part = PricePart::Tier { number, after, up_to: tier.up_to };
            lines.push(PriceLine::calls(part, quantity, tier.unit));
            after = end;
        }
        lines
    }
}

impl Calls {
    /// Adds calls of a class.
    pub fn add(&mut self, class: StatusClass, calls: u64) {
        let sum = &mut self.0[class as usize];
        *sum = sum.saturating_add(calls);
    }

    /// The calls of a class.
    #[must_use]
    pub const fn of(&self, class: StatusClass) -> u64 {
        self.0[class as usize]
    }
}

impl StatusClass {
    const ALL: [Self; 4] = [Self::Success, Self::Redirection, Self::ClientError, Self::ServerError];

    /// The class that a status's first digit names, if its calls can be billed.
    #[must_use]
    pub fn of_digit(digit: i64) -> Option<Self> {
        Self::ALL.into_iter().zip(2..).find_map(|(class, of)| (of == digit).then_some(class))
    }
}

fn only_served() -> BTreeSet<StatusClass> {
    BTreeSet::from([StatusClass::Success])
}

fn check_tiers(tiers: &[Tier]) -> Result<(), TiersError> {
    if tiers.len() > MOST_TIERS {
        return Err(TiersError::TooMany);
    }
    let Some((last, before)) = tiers.split_last() else { return Ok(()) };
    let mut from = 1;
    for (at, number) in before.iter().zip(1..) {
        let up_to = at.up_to.ok_or(TiersError::NoEnd { tier: number })?;
        if !(from..=LARGEST_TIER).contains(&up_to) {
            return Err(TiersError::NotRising { tier: number, from });
        }
        from = up_to + 1;
    }
    if last.up_to.is_some() { Err(TiersError::NoRest) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
