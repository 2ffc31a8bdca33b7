//! `comporta key`: the keys that companies call with.

use clap::{Args, Subcommand};
use comporta_kernel::{CompanyId, Timestamp};
use comporta_partners::{
    AllowedAddresses, IssuedKeyOut, KeyId, KeyMode, KeyName, KeyOut, NewKey, Overlap, RotatedKeyOut, Scopes,
};
use serde_json::{Value, json};

use super::Error;
use super::operator::{self, Answer, OperatorArgs, PAGE};
use crate::settings::Environment;
use crate::wiring::App;

const COLUMNS: &[&str] =
    &["id", "name", "mode", "status", "created_at", "expires_at", "last_used_at", "scopes"];
const PEPPERS: &[&str] = &["pepper", "use", "keys"];

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
    /// List the peppers, and how many keys that work are hashed under each
    Peppers(OperatorArgs),
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
    /// From where it may be used, such as 203.0.113.0/24,2001:db8::7; from anywhere if not said
    #[arg(long, value_name = "NETWORK,…", default_value = "", hide_default_value = true)]
    allowed_addresses: AllowedAddresses,
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
        KeyCommand::Add(AddKey { company, name, scopes, mode, expires_at, allowed_addresses, operator }) => {
            let new = NewKey { name, scopes, mode, expires_at, allowed_addresses };
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
        KeyCommand::Peppers(operator) => operator.run(environment, peppers),
    }
}

async fn peppers(app: &App) -> Result<Answer, Error> {
    let peppers = app.partners.peppers();
    let mut rows = vec![json!({"pepper": peppers.current().id().to_string(), "use": "current", "keys": 0})];
    rows.extend(
        peppers.accepted().map(|old| json!({"pepper": old.id().to_string(), "use": "accepted", "keys": 0})),
    );
    for (pepper, keys) in app.partners.keys_by_pepper().await? {
        let name = pepper.map_or_else(|| "unnamed".to_owned(), |pepper| pepper.to_string());
        match rows.iter_mut().find(|row| row["pepper"] == name) {
            Some(row) => row["keys"] = keys.into(),
            // Made before peppers had names: under any of them.
            None if pepper.is_none() => rows.push(json!({"pepper": name, "use": "accepted", "keys": keys})),
            // Nothing here knows it: these keys open nothing.
            None => rows.push(json!({"pepper": name, "use": "missing", "keys": keys})),
        }
    }
    Ok(Answer::Many(PEPPERS, rows))
}

async fn list(app: &App, company: CompanyId) -> Result<Answer, Error> {
    let mut rows: Vec<Value> = Vec::new();
    let mut after = None;
    let now = app.clock.now();
    loop {
        let page = app.partners.keys(company, after, PAGE).await?;
        after = page.last().map(|key| key.id);
        let full = page.len() == usize::from(PAGE);
        rows.extend(page.into_iter().map(|key| operator::json(&KeyOut::at(now, key))));
        if !full {
            return Ok(Answer::Many(COLUMNS, rows));
        }
    }
}
