//! What a boleto may ask for.

use comporta_kernel::Money;

/// An amount that ten digits of a barcode can carry: 0.01 to 99,999,999.99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount(Money);

/// Money that no boleto can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing, or less.
    #[error("expected an amount of at least 0.01")]
    TooSmall,
    /// More than the barcode has digits for.
    #[error("expected an amount of at most 99999999.99, which is all that a barcode can carry")]
    TooLarge,
}

impl Amount {
    /// The largest, in centavos.
    const LARGEST: i64 = 9_999_999_999;

    /// The amount in whole centavos.
    #[must_use]
    pub const fn centavos(self) -> u64 {
        self.0.centavos().unsigned_abs()
    }

    /// The amount as money.
    #[must_use]
    pub const fn money(self) -> Money {
        self.0
    }
}

impl TryFrom<Money> for Amount {
    type Error = AmountError;

    fn try_from(money: Money) -> Result<Self, AmountError> {
        match money.centavos() {
            ..=0 => Err(AmountError::TooSmall),
            1..=Self::LARGEST => Ok(Self(money)),
            _ => Err(AmountError::TooLarge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_the_barcodes() {
        let of = |centavos| Amount::try_from(Money::from_centavos(centavos).unwrap());
        assert_eq!(of(1).unwrap().centavos(), 1);
        assert_eq!(of(9_999_999_999).unwrap().money().to_string(), "99999999.99");
        assert_eq!((of(0), of(-1)), (Err(AmountError::TooSmall), Err(AmountError::TooSmall)));
        assert_eq!(of(10_000_000_000), Err(AmountError::TooLarge));
    }
}
