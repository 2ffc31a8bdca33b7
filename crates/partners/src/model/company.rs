//! A company: the tenant that everything else belongs to.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{CompanyId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Address, CompanyName, Document, Email, PlanName};

/// Whether a company's keys work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CompanyStatus {
    /// They do.
    Active,
    /// None does.
    Suspended,
}

/// A company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// Its name.
    pub name: CompanyName,
    /// Its registration, if known.
    pub document: Option<Document>,
    /// Where its invoices go, if anywhere.
    pub email: Option<Email>,
    /// Its postal address, if known.
    pub address: Option<Address>,
    /// The plan that limits and bills it, if any.
    pub plan: Option<PlanName>,
    /// Whether its keys work.
    pub status: CompanyStatus,
    /// When it came.
    pub created_at: Timestamp,
}

/// What must be known of a company to answer for it without the database.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) company_id: CompanyId,
    pub(crate) suspended: bool,
    pub(crate) plan: Option<PlanName>,
    /// Rises with every change to the company.
    pub(crate) epoch: i64,
}

/// A company to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCompany {
    /// Its name.
    pub name: CompanyName,
    /// Its registration, if known.
    pub document: Option<Document>,
    /// Where its invoices go, if anywhere.
    pub email: Option<Email>,
    /// Its postal address, if known.
    pub address: Option<Address>,
    /// The plan that limits and bills it, if any.
    pub plan: Option<PlanName>,
}

/// What is to be another about a company: `None` leaves as it is, `Some(None)` takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompanyChange {
    /// Another name.
    pub name: Option<CompanyName>,
    /// Another registration, or none.
    pub document: Option<Option<Document>>,
    /// Another place for invoices.
    pub email: Option<Email>,
    /// Another postal address, or none.
    pub address: Option<Option<Address>>,
    /// Another plan, or none.
    pub plan: Option<Option<PlanName>>,
    /// Whether its keys work.
    pub status: Option<CompanyStatus>,
}

impl NewCompany {
    pub(crate) fn made(self, id: CompanyId, at: Timestamp) -> Company {
        let Self { name, document, email, address, plan } = self;
        Company { id, name, document, email, address, plan, status: CompanyStatus::Active, created_at: at }
    }
}

impl CompanyChange {
    pub(crate) fn applied_to(self, company: Company) -> Company {
        Company {
            name: self.name.unwrap_or(company.name),
            document: self.document.unwrap_or(company.document),
            email: self.email.or(company.email),
            address: self.address.unwrap_or(company.address),
            plan: self.plan.unwrap_or(company.plan),
            status: self.status.unwrap_or(company.status),
            ..company
        }
    }
}

impl From<CompanyStatus> for CompanyChange {
    /// Suspends or activates, and leaves everything else.
    fn from(status: CompanyStatus) -> Self {
        Self { status: Some(status), ..Self::default() }
    }
}

impl CompanyStatus {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

impl fmt::Display for CompanyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected active or suspended")]
pub struct StatusError;

impl FromStr for CompanyStatus {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Active, Self::Suspended].into_iter().find(|status| status.as_str() == text).ok_or(StatusError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_touches_only_what_it_names() {
        let new = NewCompany {
            name: "Ana".parse().unwrap(),
            document: Some("1".parse().unwrap()),
            email: None,
            address: None,
            plan: None,
        };
        let id = "cmp_00000000000000000000000000".parse().unwrap();
        let before = new.made(id, Timestamp::UNIX_EPOCH);
        assert_eq!(CompanyChange::default().applied_to(before.clone()), before);

        let change = CompanyChange { document: Some(None), ..CompanyStatus::Suspended.into() };
        let after = change.applied_to(before.clone());
        assert_eq!((after.document, after.status), (None, CompanyStatus::Suspended));
        assert_eq!(after.name, before.name);
    }
}
