//! A line of a bill, rounded once.

use comporta_kernel::{Money, Total};

use super::UnitPrice;

/// Millionths of the unit in a centavo.
const CENTAVO: i128 = 10_000;

/// What a line is the price of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PricePart {
    /// The month.
    Base,
    /// The calls of a tier.
    Tier {
        /// Which, counted from one.
        number: u16,
        /// How many calls fall in the tiers before.
        after: u64,
        /// Its last call, `None` if it takes all the rest.
        up_to: Option<u64>,
    },
}

/// A line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceLine {
    /// What it is the price of.
    pub part: PricePart,
    /// Of how many: calls of a tier, or one month.
    pub quantity: u64,
    /// What each call costs; `None` for the month, which costs the amount.
    pub unit: Option<UnitPrice>,
    /// What they cost together, rounded once, half to even.
    pub amount: Total,
}

impl PriceLine {
    pub(super) fn base(base: Money) -> Self {
        Self { part: PricePart::Base, quantity: 1, unit: None, amount: base.into() }
    }

    pub(super) fn calls(part: PricePart, quantity: u64, unit: UnitPrice) -> Self {
        // At most 2^64 times 10^12: far within 128 bits.
        let millionths = i128::from(quantity) * i128::from(unit.millionths());
        Self { part, quantity, unit: Some(unit), amount: Total::from_centavos(half_to_even(millionths)) }
    }
}

/// Whole centavos of millionths that are not negative; of two as near, the even number (ABNT NBR 5891).
const fn half_to_even(millionths: i128) -> i128 {
    let (whole, rest) = (millionths / CENTAVO, millionths % CENTAVO);
    let up = rest * 2 > CENTAVO || (rest * 2 == CENTAVO && whole % 2 == 1);
    whole + up as i128
}
