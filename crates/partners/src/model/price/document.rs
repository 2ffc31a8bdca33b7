//! A price as it is read from JSON: what does not add up is refused at its own place.

use std::collections::BTreeSet;

use comporta_kernel::Money;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{StatusClass, Tier, check_tiers};

pub(super) fn base<'de, D: Deserializer<'de>>(input: D) -> Result<Money, D::Error> {
    let base = Money::deserialize(input)?;
    if base < Money::ZERO {
        Err(D::Error::custom("expected an amount that is not negative"))
    } else {
        Ok(base)
    }
}

pub(super) fn tiers<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Tier>, D::Error> {
    let tiers = Vec::<Tier>::deserialize(input)?;
    check_tiers(&tiers).map_err(D::Error::custom)?;
    Ok(tiers)
}

pub(super) fn classes<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeSet<StatusClass>, D::Error> {
    let classes = BTreeSet::<StatusClass>::deserialize(input)?;
    if classes.is_empty() {
        return Err(D::Error::custom("expected at least one of 2xx, 3xx, 4xx, 5xx"));
    }
    Ok(classes)
}
