//! `comporta company`: the tenants.

use clap::{Args, Subcommand};
use comporta_kernel::CompanyId;
use comporta_partners::{
    Address, CompanyName, CompanyOut, CompanyStatus, Document, Email, NewCompany, PlanName,
};
use serde_json::Value;

use super::Error;
use super::operator::{Answer, OperatorArgs, PAGE, json};
use crate::settings::Environment;
use crate::wiring::App;

const COLUMNS: &[&str] = &["id", "name", "document", "email", "plan", "status", "created_at"];

/// What is to be done with companies.
#[derive(Debug, Subcommand)]
pub enum CompanyCommand {
    /// Make a company, with its account `main`
    Add(AddCompany),
    /// List the companies, oldest first
    List(OperatorArgs),
    /// Show a company
    Show(OneCompany),
    /// Refuse all keys of a company
    Suspend(OneCompany),
    /// Take the keys of a suspended company again
    Activate(OneCompany),
}

/// A company to be made.
#[derive(Args, Debug)]
pub struct AddCompany {
    /// Its name
    name: CompanyName,
    /// Where its invoices go
    #[arg(long)]
    email: Option<Email>,
    /// Its registration, such as a CNPJ
    #[arg(long)]
    document: Option<Document>,
    /// Its postal address
    #[arg(long)]
    address: Option<Address>,
    /// The plan that limits and bills it
    #[arg(long)]
    plan: Option<PlanName>,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// A company that is there.
#[derive(Args, Debug)]
pub struct OneCompany {
    /// Its id, such as cmp_01kb1gy3m7f0v9s4t2q8n6x5cw
    id: CompanyId,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Does it.
///
/// # Errors
/// Faults of the settings, a company that is not there, or a database that fails.
pub fn run(command: CompanyCommand, environment: &Environment) -> Result<(), Error> {
    match command {
        CompanyCommand::Add(AddCompany { name, email, document, address, plan, operator }) => {
            let new = NewCompany { name, document, email, address, plan };
            operator.run(environment, async |app| shown(app.partners.create_company(new).await))
        }
        CompanyCommand::List(operator) => operator.run(environment, list),
        CompanyCommand::Show(OneCompany { id, operator }) => {
            operator.run(environment, async |app| shown(app.partners.company(id).await))
        }
        CompanyCommand::Suspend(company) => set_status(&company, CompanyStatus::Suspended, environment),
        CompanyCommand::Activate(company) => set_status(&company, CompanyStatus::Active, environment),
    }
}

fn set_status(company: &OneCompany, status: CompanyStatus, environment: &Environment) -> Result<(), Error> {
    let change = async |app: &App| shown(app.partners.set_company_status(company.id, status).await);
    company.operator.run(environment, change)
}

async fn list(app: &App) -> Result<Answer, Error> {
    let mut rows: Vec<Value> = Vec::new();
    let mut after = None;
    loop {
        let page = app.partners.companies(after, PAGE).await?;
        after = page.last().map(|company| company.id);
        let full = page.len() == usize::from(PAGE);
        rows.extend(page.into_iter().map(|company| json(&CompanyOut::from(company))));
        if !full {
            return Ok(Answer::Many(COLUMNS, rows));
        }
    }
}

fn shown(company: Result<comporta_partners::Company, comporta_partners::Error>) -> Result<Answer, Error> {
    Ok(Answer::one(&CompanyOut::from(company?)))
}
