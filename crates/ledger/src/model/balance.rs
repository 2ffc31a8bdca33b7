//! Balances from movements: what a day opened and closed with.

use std::collections::BTreeMap;

use comporta_kernel::{BusinessDate, Total};

use super::Account;

/// Money moved over some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Movement {
    /// Money in.
    pub credits: Total,
    /// Money out.
    pub debits: Total,
    /// How many entries.
    pub entries: u64,
}

impl Movement {
    /// What came in less what went out.
    #[must_use]
    pub fn net(&self) -> Total {
        self.credits - self.debits
    }
}

impl std::ops::AddAssign for Movement {
    fn add_assign(&mut self, other: Self) {
        self.credits += other.credits;
        self.debits += other.debits;
        self.entries += other.entries;
    }
}

/// Everything moved in an account up to the end of a range of days, read at one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Movements {
    /// All that moved before the range.
    pub before: Movement,
    /// What moved on each day of the range on which anything did.
    pub days: BTreeMap<BusinessDate, Movement>,
}

/// One calendar day of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayBalance {
    /// The day.
    pub date: BusinessDate,
    /// What the day began with.
    pub opening: Total,
    /// What moved in it.
    pub movement: Movement,
}

impl DayBalance {
    /// What the day ended with.
    #[must_use]
    pub fn closing(&self) -> Total {
        self.opening + self.movement.net()
    }
}

impl Movements {
    /// Every calendar day of the range, quiet ones too. The account's opening balance stands at the start of its
    /// opening date: it is in that day's opening, and in none before.
    #[must_use]
    pub fn balances(&self, account: &Account, from: BusinessDate, to: BusinessDate) -> Vec<DayBalance> {
        let mut carried = self.before.net();
        if account.opening_date < from {
            carried += account.opening_balance.into();
        }
        let days = std::iter::successors(Some(from), |day| day.next()).take_while(|day| *day <= to);
        days.map(|date| {
            if date == account.opening_date {
                carried += account.opening_balance.into();
            }
            let movement = self.days.get(&date).copied().unwrap_or_default();
            let day = DayBalance { date, opening: carried, movement };
            carried = day.closing();
            day
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comporta_kernel::{CompanyId, Currency, Money, Timestamp, TypedId as _, Uuid};

    fn account(opening_date: &str) -> Account {
        Account {
            company_id: CompanyId::from_uuid(Uuid::nil()),
            id: super::super::AccountId::from_uuid(Uuid::nil()),
            name: "main".into(),
            currency: Currency::BRL,
            time_zone: "America/Sao_Paulo".parse().unwrap(),
            opening_balance: Money::from_centavos(10_000).unwrap(),
            opening_date: opening_date.parse().unwrap(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn closings(opening_date: &str) -> Vec<String> {
        let moved =
            |credits| Movement { credits: Total::from_centavos(credits), debits: Total::ZERO, entries: 1 };
        let movements =
            Movements { before: moved(5), days: [("2026-03-02".parse().unwrap(), moved(100))].into() };
        let (from, to) = ("2026-03-01".parse().unwrap(), "2026-03-03".parse().unwrap());
        movements
            .balances(&account(opening_date), from, to)
            .iter()
            .map(|day| day.closing().to_string())
            .collect()
    }

    #[test]
    fn the_opening_balance_stands_at_the_start_of_its_day() {
        assert_eq!(closings("2026-02-01"), ["100.05", "101.05", "101.05"]);
        assert_eq!(closings("2026-03-01"), ["100.05", "101.05", "101.05"]);
        assert_eq!(closings("2026-03-03"), ["0.05", "1.05", "101.05"]);
        assert_eq!(closings("2026-03-04"), ["0.05", "1.05", "1.05"]);
    }
}
