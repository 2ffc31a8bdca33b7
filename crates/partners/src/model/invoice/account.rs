//! What a company is to be billed: the month's price, and what earlier months have come to since they were billed.

use std::collections::BTreeMap;

use comporta_kernel::{Money, MoneyError, Month, Total};

use super::{InvoiceId, InvoiceLine, Party};
use crate::model::{Calls, PlanName, Price, PriceLine, PricePart, UnitPrice};

/// All that the bill of a company's month depends on, as one transaction sees it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) customer: Party,
    /// The plan held at the month's end and its price, if it has one.
    pub(crate) plan: Option<(PlanName, Price)>,
    /// Billable calls by month.
    pub(crate) calls: BTreeMap<Month, Calls>,
    /// The invoices of earlier months that may still be corrected.
    pub(crate) billed: Vec<Billed>,
}

/// A month that was billed.
#[derive(Clone, Debug)]
pub(crate) struct Billed {
    pub(crate) invoice: InvoiceId,
    pub(crate) month: Month,
    /// As it was then.
    pub(crate) price: Price,
    /// Every line there is for the month, on whichever invoice.
    pub(crate) lines: Vec<InvoiceLine>,
}

/// An invoice to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) lines: Vec<InvoiceLine>,
    pub(crate) total: Money,
}

impl Account {
    /// The month's own lines, then what earlier months are short of or have too much; `None` if there is nothing of
    /// either.
    pub(crate) fn draft(&self, month: Month) -> Result<Option<Draft>, MoneyError> {
        let mut lines = Vec::new();
        if let Some((_, price)) = &self.plan {
            let owed = price.lines(price.billable(self.calls_of(month)));
            lines.extend(owed.iter().map(|line| issued(month, line)).collect::<Result<Vec<_>, _>>()?);
        }
        for billed in &self.billed {
            lines.extend(billed.corrections(self.calls_of(billed.month))?);
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let total = money(lines.iter().map(|line| Total::from(line.amount)).sum())?;
        Ok(Some(Draft { lines, total }))
    }

    fn calls_of(&self, month: Month) -> Calls {
        self.calls.get(&month).copied().unwrap_or_default()
    }
}

/// What a part of a month's price has come to.
#[derive(Clone, Copy, Default)]
struct Sum {
    unit: Option<UnitPrice>,
    quantity: i128,
    amount: Total,
}

impl Billed {
    /// A line for each part of the month's price that comes to another quantity than all its lines so far.
    fn corrections(&self, calls: Calls) -> Result<Vec<InvoiceLine>, MoneyError> {
        let mut missing: BTreeMap<PricePart, Sum> = BTreeMap::new();
        for line in self.price.lines(self.price.billable(calls)) {
            let sum = missing.entry(line.part).or_default();
            sum.unit = line.unit;
            sum.quantity += i128::from(line.quantity);
            sum.amount += line.amount;
        }
        for line in &self.lines {
            let sum = missing.entry(line.part).or_default();
            sum.unit = line.unit;
            sum.quantity -= i128::from(line.quantity);
            sum.amount = sum.amount - Total::from(line.amount);
        }
        let differing = missing.into_iter().filter(|(_, sum)| sum.quantity != 0 || sum.amount != Total::ZERO);
        let line = |(part, sum): (PricePart, Sum)| {
            Ok(InvoiceLine {
                month: self.month,
                part,
                quantity: i64::try_from(sum.quantity).map_err(|_| MoneyError::TooLarge)?,
                unit: sum.unit,
                amount: money(sum.amount)?,
                corrects: Some(self.invoice),
            })
        };
        differing.map(line).collect()
    }
}

fn issued(month: Month, line: &PriceLine) -> Result<InvoiceLine, MoneyError> {
    Ok(InvoiceLine {
        month,
        part: line.part,
        quantity: i64::try_from(line.quantity).map_err(|_| MoneyError::TooLarge)?,
        unit: line.unit,
        amount: money(line.amount)?,
        corrects: None,
    })
}

fn money(total: Total) -> Result<Money, MoneyError> {
    Money::from_centavos(i64::try_from(total.centavos()).map_err(|_| MoneyError::TooLarge)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::StatusClass;

    const PRICE: &str = r#"{"base": "10.00", "tiers": [{"up_to": 100, "unit": "0.0125"}, {"up_to": 150, "unit": "0"},
        {"unit": "0.004999"}]}"#;

    fn served(calls: u64) -> Calls {
        let mut sum = Calls::default();
        sum.add(StatusClass::Success, calls);
        sum
    }

    fn account(plan: Option<&str>, calls: BTreeMap<Month, Calls>, billed: Vec<Billed>) -> Account {
        let customer = Party {
            company_id: "cmp_00000000000000000000000001".parse().unwrap(),
            name: "Ana".parse().unwrap(),
            document: None,
            email: None,
            address: None,
        };
        let plan = plan.map(|name| (name.parse().unwrap(), serde_json::from_str(PRICE).unwrap()));
        Account { customer, plan, calls, billed }
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    proptest! {
        /// A month's calls are billed, then turn out to be others, again and again: its lines follow.
        #[test]
        fn all_lines_of_a_month_add_up_to_the_price_of_its_calls(seen in prop::collection::vec(0u64..400, 1..6)) {
            let (october, price) = (month("2026-10"), serde_json::from_str::<Price>(PRICE).unwrap());
            let invoice = "inv_00000000000000000000000001".parse().unwrap();
            let calls = |count| BTreeMap::from([(october, served(count))]);
            let first = account(Some("gold"), calls(seen[0]), Vec::new()).draft(october).unwrap().unwrap();
            let mut lines = first.lines;
            for count in &seen {
                let billed = Billed { invoice, month: october, price: price.clone(), lines: lines.clone() };
                let draft = account(None, calls(*count), vec![billed]).draft(month("2026-11")).unwrap();
                let corrections = draft.map(|draft| draft.lines).unwrap_or_default();
                prop_assert!(corrections.iter().all(|line| line.corrects == Some(invoice) && line.month == october));
                lines.extend(corrections);
                let owed: Total = price.lines(*count).iter().map(|line| line.amount).sum();
                prop_assert_eq!(lines.iter().map(|line| Total::from(line.amount)).sum::<Total>(), owed);
                let quantity: i64 = lines.iter().filter(|line| line.unit.is_some()).map(|line| line.quantity).sum();
                prop_assert_eq!(quantity, i64::try_from(*count).unwrap());
            }
        }
    }

    #[test]
    fn without_calls_the_base_is_owed_and_without_a_plan_nothing() {
        let draft =
            account(Some("gold"), BTreeMap::new(), Vec::new()).draft(month("2026-10")).unwrap().unwrap();
        assert_eq!((draft.lines.len(), draft.total.to_string()), (1, "10.00".to_owned()));
        assert_eq!(account(None, BTreeMap::new(), Vec::new()).draft(month("2026-10")), Ok(None));
    }

    #[test]
    fn a_bill_that_no_amount_can_hold_is_refused() {
        let price = r#"{"tiers": [{"unit": "999999.999999"}]}"#;
        let calls = BTreeMap::from([(month("2026-10"), served(i64::MAX as u64))]);
        let mut account = account(Some("gold"), calls, Vec::new());
        account.plan = Some(("gold".parse().unwrap(), serde_json::from_str(price).unwrap()));
        assert_eq!(account.draft(month("2026-10")), Err(MoneyError::TooLarge));
    }
}
