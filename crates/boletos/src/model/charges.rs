//! What a payer owes more who pays late, and less who pays early.
//!
//! Interest is simple, by days of a month of thirty. Whoever fixes a fine for consumers is bound to 2 % (Lei 8.078/1990, article 52, § 1).
//! What is due on a day without banking may be paid on the next without charges (Lei 7.089/1983); after that, days count from
//! the due date. Each amount is rounded once, half up, to the centavo.

use comporta_kernel::{BusinessDate, Money};

use super::{Amount, next_business_day};

mod percent;
pub(crate) mod words;

pub use percent::{Percent, PercentError};

const DAYS_OF_A_MONTH: i128 = 30;
/// As many as banks' files have room for.
const MOST_DISCOUNTS: usize = 3;

/// A part of a boleto's amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// So much.
    Amount(Amount),
    /// So much of each hundred.
    Percent(Percent),
}

/// Simple interest for each day after the due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// So much a day.
    PerDay(Amount),
    /// So much of each hundred in thirty days.
    PerMonth(Percent),
}

/// Less to pay until a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discount {
    /// The last day, until the due date at the latest.
    pub until: BusinessDate,
    /// How much less.
    pub off: Share,
}

/// What a beneficiary asks for beside the amount: consistent for one boleto.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charges {
    fine: Option<Share>,
    interest: Option<Interest>,
    /// By their days.
    discounts: Vec<Discount>,
}

/// Charges that make no sense for a boleto.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChargesError {
    /// Larger than what is owed.
    #[error("expected at most the boleto's amount")]
    Fine,
    /// Larger in a day, or a month, than what is owed.
    #[error("expected at most the boleto's amount a day, or 100 % a month")]
    Interest,
    /// Banks' files have no room for more.
    #[error("expected at most three")]
    TooManyDiscounts,
    /// After the due date there is nothing to be early for.
    #[error("expected each to end on the due date or before")]
    DiscountAfterDue,
    /// Which of them counts?
    #[error("expected each to end on another day, and a later one to be smaller")]
    DiscountOrder,
    /// Nothing, or less, would be left to pay.
    #[error("expected less than the boleto's amount")]
    DiscountTooLarge,
}

impl ChargesError {
    /// The field of a boleto that they stand in.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Interest => "interest",
            Self::TooManyDiscounts
            | Self::DiscountAfterDue
            | Self::DiscountOrder
            | Self::DiscountTooLarge => "discounts",
        }
    }
}

/// What is owed on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// What being early takes off.
    pub discount: Money,
    /// What being late costs once.
    pub fine: Money,
    /// What being late costs by days.
    pub interest: Money,
    /// All together.
    pub total: Money,
}

impl Charges {
    /// The charges of a boleto.
    ///
    /// # Errors
    /// They do not fit its amount or its due date.
    pub fn new(
        amount: Amount,
        due: BusinessDate,
        fine: Option<Share>,
        interest: Option<Interest>,
        mut discounts: Vec<Discount>,
    ) -> Result<Self, ChargesError> {
        if fine.is_some_and(|fine| fine.of(amount) > amount.centavos_wide()) {
            return Err(ChargesError::Fine);
        }
        if matches!(interest, Some(Interest::PerDay(daily)) if daily > amount) {
            return Err(ChargesError::Interest);
        }
        if discounts.len() > MOST_DISCOUNTS {
            return Err(ChargesError::TooManyDiscounts);
        }
        discounts.sort_by_key(|discount| discount.until);
        if discounts.iter().any(|discount| discount.until > due) {
            return Err(ChargesError::DiscountAfterDue);
        }
        if discounts.iter().any(|discount| discount.off.of(amount) >= amount.centavos_wide()) {
            return Err(ChargesError::DiscountTooLarge);
        }
        let falls = |pair: &[Discount]| {
            pair[0].until < pair[1].until && pair[0].off.of(amount) > pair[1].off.of(amount)
        };
        if !discounts.windows(2).all(falls) {
            return Err(ChargesError::DiscountOrder);
        }
        Ok(Self { fine, interest, discounts })
    }

    /// The fine, if there is one.
    #[must_use]
    pub const fn fine(&self) -> Option<Share> {
        self.fine
    }

    /// The interest, if there is any.
    #[must_use]
    pub const fn interest(&self) -> Option<Interest> {
        self.interest
    }

    /// The discounts, the earliest first.
    #[must_use]
    pub fn discounts(&self) -> &[Discount] {
        &self.discounts
    }

    /// What a payer owes who pays on `day`.
    #[must_use]
    pub fn owed(&self, amount: Amount, due: BusinessDate, day: BusinessDate) -> Owed {
        let late = day > next_business_day(due);
        let discount = self.discounts.iter().find(|discount| day <= discount.until);
        let discount = discount.map_or(0, |discount| discount.off.of(amount));
        let fine = self.fine.filter(|_| late).map_or(0, |fine| fine.of(amount));
        let days = i128::from(due.days_until(day));
        let interest = self.interest.filter(|_| late).map_or(0, |interest| interest.of(amount, days));
        Owed {
            discount: money(discount),
            fine: money(fine),
            interest: money(interest),
            total: money(amount.centavos_wide() - discount + fine + interest),
        }
    }

    /// As the slip tells them to the payer, in Portuguese: a line each.
    #[must_use]
    pub fn instructions(&self) -> Vec<String> {
        let discounts = self.discounts.iter().map(words::discount);
        let late = self.fine.map(words::fine).into_iter().chain(self.interest.map(words::interest));
        discounts.chain(late).collect()
    }
}

impl Amount {
    fn centavos_wide(self) -> i128 {
        i128::from(self.centavos())
    }
}

impl Share {
    /// In centavos.
    fn of(self, amount: Amount) -> i128 {
        match self {
            Self::Amount(share) => share.centavos_wide(),
            Self::Percent(percent) => half_up(amount.centavos_wide() * percent.parts(), Percent::WHOLE),
        }
    }
}

impl Interest {
    /// For so many days, in centavos.
    fn of(self, amount: Amount, days: i128) -> i128 {
        match self {
            Self::PerDay(daily) => daily.centavos_wide() * days,
            Self::PerMonth(percent) => {
                let parts = amount.centavos_wide() * percent.parts() * days;
                half_up(parts, Percent::WHOLE * DAYS_OF_A_MONTH)
            }
        }
    }
}

/// The quotient of what is not negative, a half or more counted as one.
const fn half_up(dividend: i128, divisor: i128) -> i128 {
    (2 * dividend + divisor) / (2 * divisor)
}

/// A boleto's charges of a thousand years are less than the largest amount of money.
fn money(centavos: i128) -> Money {
    i64::try_from(centavos)
        .ok()
        .and_then(|centavos| Money::from_centavos(centavos).ok())
        .unwrap_or(Money::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::try_from(text.parse::<Money>().unwrap()).unwrap()
    }

    fn day(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    fn percent(text: &str) -> Percent {
        text.parse().unwrap()
    }

    fn usual(of: &str, due: &str) -> Charges {
        let (fine, interest) = (Share::Percent(percent("2")), Interest::PerMonth(percent("1")));
        Charges::new(amount(of), day(due), Some(fine), Some(interest), Vec::new()).unwrap()
    }

    /// 2026-11-23 is a Monday.
    const DUE: &str = "2026-11-23";

    #[test]
    fn the_usual_charges_are_two_percent_and_one_a_month_by_days() {
        for (of, days, fine, interest, total) in [
            ("100.00", 5, "2.00", "0.17", "102.17"),
            ("100.00", 10, "2.00", "0.33", "102.33"),
            ("500.00", 10, "10.00", "1.67", "511.67"),
            ("3000.00", 10, "60.00", "10.00", "3070.00"),
            ("0.25", 1, "0.01", "0.00", "0.26"),
            ("99999999.99", 30, "2000000.00", "1000000.00", "102999999.99"),
        ] {
            let owed = usual(of, DUE).owed(amount(of), day(DUE), day(DUE).plus_days(days));
            let expected = [fine, interest, total].map(|text| text.parse().unwrap());
            assert_eq!([owed.fine, owed.interest, owed.total], expected, "{of} after {days} days");
        }
    }

    #[test]
    fn nobody_is_late_until_the_next_business_day_is_over() {
        // A Saturday, due.
        let (due, charges) = (day("2026-11-21"), usual("100.00", "2026-11-21"));
        for (paid, total) in [
            ("2026-11-20", "100.00"),
            ("2026-11-21", "100.00"),
            ("2026-11-23", "100.00"),
            ("2026-11-24", "102.10"),
        ] {
            let owed = charges.owed(amount("100.00"), due, day(paid));
            assert_eq!(owed.total.to_string(), total, "{paid}");
        }
    }

    #[test]
    fn the_discount_of_the_day_counts_and_no_other() {
        let (of, due) = (amount("200.00"), day(DUE));
        let early = Discount { until: day("2026-11-10"), off: Share::Percent(percent("10")) };
        let later = Discount { until: due, off: Share::Amount(amount("5.00")) };
        let charges = Charges::new(of, due, None, None, vec![later, early]).unwrap();
        for (paid, total) in
            [("2026-11-10", "180.00"), ("2026-11-11", "195.00"), (DUE, "195.00"), ("2026-11-24", "200.00")]
        {
            assert_eq!(charges.owed(of, due, day(paid)).total.to_string(), total, "{paid}");
        }
        assert_eq!(
            charges.instructions(),
            ["Até 10/11/2026, desconto de 10%.", "Até 23/11/2026, desconto de R$ 5,00."]
        );
    }

    #[test]
    fn charges_that_make_no_sense_are_refused() {
        let (of, due) = (amount("100.00"), day(DUE));
        let off = |until: &str, off: &str| Discount { until: day(until), off: Share::Amount(amount(off)) };
        let new = |fine, interest, discounts| Charges::new(of, due, fine, interest, discounts).unwrap_err();
        assert_eq!(new(Some(Share::Amount(amount("100.01"))), None, vec![]), ChargesError::Fine);
        assert_eq!(new(None, Some(Interest::PerDay(amount("100.01"))), vec![]), ChargesError::Interest);
        for (discounts, error) in [
            (vec![off("2026-11-24", "1")], ChargesError::DiscountAfterDue),
            (vec![off(DUE, "100")], ChargesError::DiscountTooLarge),
            (vec![off(DUE, "1"), off(DUE, "2")], ChargesError::DiscountOrder),
            (vec![off("2026-11-01", "1"), off(DUE, "2")], ChargesError::DiscountOrder),
            (vec![off(DUE, "1"); 4], ChargesError::TooManyDiscounts),
        ] {
            assert_eq!(new(None, None, discounts), error);
        }
    }

    #[test]
    fn instructions_are_what_a_payer_reads() {
        assert_eq!(
            usual("100.00", DUE).instructions(),
            [
                "Após o vencimento, multa de 2%.",
                "Após o vencimento, juros de 1% ao mês, cobrados por dia de atraso."
            ]
        );
        let fixed = Charges::new(
            amount("10000.00"),
            day(DUE),
            Some(Share::Amount(amount("1234.56"))),
            Some(Interest::PerDay(amount("0.33"))),
            Vec::new(),
        );
        assert_eq!(
            fixed.unwrap().instructions(),
            [
                "Após o vencimento, multa de R$ 1.234,56.",
                "Após o vencimento, juros de R$ 0,33 por dia de atraso."
            ]
        );
    }
}
