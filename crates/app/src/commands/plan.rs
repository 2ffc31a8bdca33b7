//! `comporta plan`: how often companies may call, how much, and what that costs.

use std::num::NonZeroU32;

use clap::{Args, Subcommand};
use comporta_kernel::Rate;
use comporta_partners::{PlanName, PlanOut, PlanTerms, Price, Quota};
use serde_json::Value;

use super::Error;
use super::operator::{Answer, OperatorArgs, PAGE, json};
use crate::settings::Environment;
use crate::wiring::App;

const COLUMNS: &[&str] = &["name", "rate", "burst", "quota", "price", "updated_at"];

/// What is to be done with plans.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Put a plan in place of the one of this name, if there is any
    Put(PutPlan),
    /// List the plans by name
    List(OperatorArgs),
    /// Show a plan
    Show(OnePlan),
}

/// A plan to be put: what is left out neither limits nor costs anything.
#[derive(Args, Debug)]
pub struct PutPlan {
    /// Its name: a-z, 0-9, `-`, `_` and `.`
    name: PlanName,
    /// How often a company may call, such as 100/s, 6000/m or 1000/h
    #[arg(long)]
    rate: Option<Rate>,
    /// How many calls may come at once; a second's worth of the rate unless set
    #[arg(long, requires = "rate")]
    burst: Option<NonZeroU32>,
    /// How many calls in a day or month, such as 10000/month
    #[arg(long)]
    quota: Option<Quota>,
    /// What it costs, in JSON, such as {"base": "99.00", "tiers": [{"unit": "0.01"}]}
    #[arg(long, value_parser = price)]
    price: Option<Price>,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// A plan that is there.
#[derive(Args, Debug)]
pub struct OnePlan {
    /// Its name
    name: PlanName,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Does it.
///
/// # Errors
/// Faults of the settings, a plan that is not there, or a database that fails.
pub fn run(command: PlanCommand, environment: &Environment) -> Result<(), Error> {
    match command {
        PlanCommand::Put(PutPlan { name, rate, burst, quota, price, operator }) => {
            let terms = PlanTerms::new(rate, burst, quota, price)?;
            operator.run(environment, async |app| shown(app.partners.put_plan(&name, &terms).await))
        }
        PlanCommand::List(operator) => operator.run(environment, list),
        PlanCommand::Show(OnePlan { name, operator }) => {
            operator.run(environment, async |app| shown(app.partners.plan(&name).await))
        }
    }
}

async fn list(app: &App) -> Result<Answer, Error> {
    let mut rows: Vec<Value> = Vec::new();
    let mut after: Option<PlanName> = None;
    loop {
        let page = app.partners.plans(after.as_ref(), PAGE).await?;
        after = page.last().map(|plan| plan.name.clone());
        let full = page.len() == usize::from(PAGE);
        rows.extend(page.into_iter().map(|plan| json(&PlanOut::from(plan))));
        if !full {
            return Ok(Answer::Many(COLUMNS, rows));
        }
    }
}

fn shown(plan: Result<comporta_partners::Plan, comporta_partners::Error>) -> Result<Answer, Error> {
    Ok(Answer::one(&PlanOut::from(plan?)))
}

fn price(text: &str) -> Result<Price, serde_json::Error> {
    serde_json::from_str(text)
}
