//! What can be done with companies.

use comporta_db::Tx;
use comporta_kernel::CompanyId;

use serde_json::{Value, json};

use super::Partners;
use crate::{Act, Company, CompanyChange, CompanyStatus, Error, NewCompany};

impl Partners {
    /// Makes a company, with all that belongs to a new one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_company(&self, new: NewCompany) -> Result<Company, Error> {
        let mut tx = self.db.begin().await?;
        let company = self.create_company_in(&mut tx, new).await?;
        tx.commit().await?;
        tracing::info!(company_id = %company.id, "a company was made");
        Ok(company)
    }

    /// The same in a transaction of the caller's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_company_in(&self, tx: &mut Tx, new: NewCompany) -> Result<Company, Error> {
        let company = new.made(self.ids.next(), self.clock.now());
        self.store.insert_company(tx, &company).await?;
        self.on_company_created.company_created(tx, company.id, company.created_at).await?;
        let act = Act::new("company.created", company.id).of(company.id);
        self.audit_in(tx, act.with(json!({"name": company.name, "plan": company.plan}))).await?;
        Ok(company)
    }

    /// Whether there is any company. Until the transaction ends no other one can ask this, so that of two
    /// programs started on an empty database only one finds it empty.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_companies_in(&self, tx: &mut Tx) -> Result<bool, Error> {
        self.store.has_companies(tx).await
    }

    /// A company.
    ///
    /// # Errors
    /// [`Error::NoSuchCompany`].
    pub async fn company(&self, id: CompanyId) -> Result<Company, Error> {
        self.store.company(id).await?.ok_or(Error::NoSuchCompany)
    }

    /// At most `limit` companies, oldest first, from after the given one on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn companies(&self, after: Option<CompanyId>, limit: u16) -> Result<Vec<Company>, Error> {
        self.store.companies(after, limit).await
    }

    /// Changes what is known of a company.
    ///
    /// # Errors
    /// [`Error::NoSuchCompany`].
    pub async fn change_company(&self, id: CompanyId, change: CompanyChange) -> Result<Company, Error> {
        let mut tx = self.db.begin().await?;
        let (before, company) = self.store.change_company(&mut tx, id, change, self.clock.now()).await?;
        if before != company {
            self.audit_in(&mut tx, changed(&before, &company)).await?;
        }
        tx.commit().await?;
        tracing::info!(company_id = %id, status = %company.status, "a company was changed");
        Ok(company)
    }

    /// Suspends a company, so that all its keys are refused, or activates it again.
    ///
    /// # Errors
    /// [`Error::NoSuchCompany`].
    pub async fn set_company_status(&self, id: CompanyId, status: CompanyStatus) -> Result<Company, Error> {
        self.change_company(id, status.into()).await
    }
}

/// What has become another about a company, each with what it was and what it is.
fn changed(before: &Company, after: &Company) -> Act {
    let action = match (before.status, after.status) {
        (CompanyStatus::Active, CompanyStatus::Suspended) => "company.suspended",
        (CompanyStatus::Suspended, CompanyStatus::Active) => "company.activated",
        _ => "company.changed",
    };
    let fields = |company: &Company| {
        let Company { name, document, email, address, plan, status, .. } = company;
        json!({"name": name, "document": document, "email": email, "address": address, "plan": plan, "status": status})
    };
    Act::new(action, after.id).of(after.id).with(differences(&fields(before), &fields(after)))
}

/// Of two objects of the same fields those that differ: `{field: {from, to}}`.
pub(super) fn differences(before: &Value, after: &Value) -> Value {
    let fields = before.as_object().into_iter().flatten();
    let differing = fields.filter(|(name, value)| after.get(name.as_str()) != Some(value));
    differing
        .map(|(name, value)| (name.clone(), json!({"from": value, "to": after[name.as_str()]})))
        .collect()
}
