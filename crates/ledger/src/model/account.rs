//! Where money is kept: a currency, a zone whose calendar cuts the days, and what was there at the start.

use comporta_kernel::{BusinessDate, CompanyId, Currency, Money, Timestamp, Zone, define_id};

use super::Text;

define_id!(
    /// An account of a company.
    AccountId,
    "acc"
);

/// The name of the account that every company has.
pub const MAIN: &str = "main";

/// An account somebody asks for.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its name, unique in the company.
    pub name: Text<100>,
    /// Its currency; else the installation's.
    pub currency: Option<Currency>,
    /// The zone of its days; else the installation's.
    pub time_zone: Option<Zone>,
    /// What it held before its first entry.
    pub opening_balance: Option<Money>,
    /// The day at whose start the opening balance stands; else today.
    pub opening_date: Option<BusinessDate>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its company.
    pub company_id: CompanyId,
    /// Its id.
    pub id: AccountId,
    /// Its name, unique in the company.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
    /// The zone of its days.
    pub time_zone: Zone,
    /// What it held before its first entry.
    pub opening_balance: Money,
    /// The day at whose start the opening balance stands.
    pub opening_date: BusinessDate,
    /// When it was made.
    pub created_at: Timestamp,
}
