//! `comporta key`: the keys that companies call with.

use clap::{Args, Subcommand};
use comporta_kernel::{CompanyId, Timestamp};
use comporta_partners::{
    IssuedKeyOut, KeyId, KeyMode, KeyName, KeyOut, NewKey, Overlap, RotatedKeyOut, Scopes,
};
use serde_json::Value;

use super::Error;
use super::operator::{Answer, OperatorArgs, PAGE, json};
use crate::settings::Environment;
use crate::wiring::App;

const COLUMNS: &[&str] = &["id", "name", "mode", "status", "created_at", "expires_at", "scopes"];

/// What is to be done with keys. A new key's text is shown this once.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key for a company and show its text, this once
    Add(AddKey),
    /// List a company's keys, oldest first
    List(ListKeys),
    /// Put a new key in a key's place and show its text, this once
    Rotate(RotateKey),
    /// Take a key back for good
    Revoke(RevokeKey),
}

/// A key to be made.
#[derive(Args, Debug)]
pub struct AddKey {
    /// The company's id
    company: CompanyId,
    /// What the key is for
    #[arg(long)]
    name: KeyName,
    /// What it may do: `all`, or scopes such as ledger:read,ledger:write
    #[arg(long, value_name = "SCOPE,…")]
    scopes: Scopes,
    /// What it is made for
    #[arg(long, value_name = "live|test", default_value = "live")]
    mode: KeyMode,
    /// When it is to end, such as 2027-01-01T00:00:00-03:00
    #[arg(long, value_name = "INSTANT")]
    expires_at: Option<Timestamp>,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Whose keys are to be listed.
#[derive(Args, Debug)]
pub struct ListKeys {
    /// The company's id
    company: CompanyId,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// A key to be replaced.
#[derive(Args, Debug)]
pub struct RotateKey {
    /// The key's id, such as key_01kb1gy3m7f0v9s4t2q8n6x5cw
    key: KeyId,
    /// How long the old key goes on working: a number and one of s, m, h, d
    #[arg(long, default_value = "24h")]
    overlap: Overlap,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// A key to be taken back.
#[derive(Args, Debug)]
pub struct RevokeKey {
    /// The key's id
    key: KeyId,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Does it.
///
/// # Errors
/// Faults of the settings, a company or key that is not there or not fit for it, or a database that fails.
pub fn run(command: KeyCommand, environment: &Environment) -> Result<(), Error> {
    match command {
        KeyCommand::Add(AddKey { company, name, scopes, mode, expires_at, operator }) => {
            let new = NewKey { name, scopes, mode, expires_at };
            operator.run(environment, async |app| {
                let issued = app.partners.create_key(company, new).await?;
                Ok(Answer::one(&IssuedKeyOut::at(app.clock.now(), issued)))
            })
        }
        KeyCommand::List(ListKeys { company, operator }) => {
            operator.run(environment, async |app| list(app, company).await)
        }
        KeyCommand::Rotate(RotateKey { key, overlap, operator }) => operator.run(environment, async |app| {
            let rotated = app.partners.rotate_key(key, overlap).await?;
            Ok(Answer::one(&RotatedKeyOut::at(app.clock.now(), rotated)))
        }),
        KeyCommand::Revoke(RevokeKey { key, operator }) => operator.run(environment, async |app| {
            let revoked = app.partners.revoke_key(key).await?;
            Ok(Answer::one(&KeyOut::at(app.clock.now(), revoked)))
        }),
    }
}

async fn list(app: &App, company: CompanyId) -> Result<Answer, Error> {
    let mut rows: Vec<Value> = Vec::new();
    let mut after = None;
    let now = app.clock.now();
    loop {
        let page = app.partners.keys(company, after, PAGE).await?;
        after = page.last().map(|key| key.id);
        let full = page.len() == usize::from(PAGE);
        rows.extend(page.into_iter().map(|key| json(&KeyOut::at(now, key))));
        if !full {
            return Ok(Answer::Many(COLUMNS, rows));
        }
    }
}
