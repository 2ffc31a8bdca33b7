//! What can be done with plans.

use super::Partners;
use crate::{Act, Error, Plan, PlanName, PlanTerms, QuotasInUse};

/// So many companies near their quota are counted at most.
const MOST_COUNTED: i64 = 10_000;

impl Partners {
    /// Puts a plan in place of the one of this name, if there is any. Gateways go by it within a second.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_plan(&self, name: &PlanName, terms: &PlanTerms) -> Result<Plan, Error> {
        let mut tx = self.db.begin().await?;
        let plan = self.plans.put(&mut tx, name, terms, self.clock.now()).await?;
        let detail = serde_json::to_value(terms).unwrap_or_default();
        self.audit_in(&mut tx, Act::new("plan.put", name).with(detail)).await?;
        tx.commit().await?;
        tracing::info!(plan = %name, "a plan was put");
        Ok(plan)
    }

    /// A plan.
    ///
    /// # Errors
    /// [`Error::NoSuchPlan`].
    pub async fn plan(&self, name: &PlanName) -> Result<Plan, Error> {
        self.plans.plan(name).await?.ok_or(Error::NoSuchPlan)
    }

    /// At most `limit` plans by name, from after the given one on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plans(&self, after: Option<&PlanName>, limit: u16) -> Result<Vec<Plan>, Error> {
        self.plans.plans(after.map_or("", PlanName::as_str), limit).await
    }

    /// How many companies have used 80 % of their quota, and all of it; as many as ten thousand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quotas_in_use(&self) -> Result<QuotasInUse, Error> {
        let periods = self.plans.periods_near(self.clock.now(), MOST_COUNTED).await?;
        Ok(QuotasInUse::of(&periods))
    }

    /// Removes a plan that no company has.
    ///
    /// # Errors
    /// [`Error::NoSuchPlan`], [`Error::PlanHeld`].
    pub async fn remove_plan(&self, name: &PlanName) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        self.plans.remove(&mut tx, name).await?;
        self.audit_in(&mut tx, Act::new("plan.removed", name)).await?;
        tx.commit().await?;
        tracing::info!(plan = %name, "a plan was removed");
        Ok(())
    }
}
