//! A plan as staff see it.

use comporta_kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Plan, PlanName, PlanTerms};

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub struct PlanOut {
    #[schema(value_type = String, example = "basic")]
    name: PlanName,
    #[serde(flatten)]
    terms: PlanTerms,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Plan> for PlanOut {
    fn from(plan: Plan) -> Self {
        let Plan { name, terms, created_at, updated_at } = plan;
        Self { name, terms, created_at, updated_at }
    }
}
