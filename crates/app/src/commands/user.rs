//! `comporta user`: the people who run Comporta.

use std::io::{self, BufRead as _, Read as _};

use clap::{Args, Subcommand};
use comporta_identity::{Password, Staff, StaffEmail};
use comporta_partners::Act;
use serde_json::{Value, json};

use super::Error;
use super::operator::{Answer, OperatorArgs};
use crate::settings::Environment;
use crate::wiring::App;

/// A password is a line, not a file given by mistake.
const LONGEST_LINE: u64 = 4096;

/// What is to be done with staff users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a staff user and show its admin token, this once
    Add(UserArgs),
    /// Give a staff user another password
    Password(UserArgs),
    /// Give a staff user another admin token and show it, this once
    Token(TokenArgs),
}

/// A staff user and where its password comes from.
#[derive(Args, Debug)]
pub struct UserArgs {
    /// The e-mail address to sign in with
    email: StaffEmail,
    /// Read the password as one line of standard input; else one is made up and shown, this once
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// A staff user.
#[derive(Args, Debug)]
pub struct TokenArgs {
    /// The e-mail address to sign in with
    email: StaffEmail,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Does it.
///
/// # Errors
/// Faults of the settings, a password that is none, a user that is not there or there already, or a database
/// that fails.
pub fn run(command: UserCommand, environment: &Environment) -> Result<(), Error> {
    match command {
        UserCommand::Add(UserArgs { email, password_stdin, operator }) => {
            operator.run(environment, async |app| {
                let password = password(app, password_stdin)?;
                let added = app.identity.add(email, password).await?;
                app.partners.audit(Act::new("staff.added", &added.staff.email)).await?;
                let mut shown = staff(&added.staff);
                shown["admin_token"] = added.token.expose().into();
                Ok(with_password(shown, &added.password, password_stdin))
            })
        }
        UserCommand::Password(UserArgs { email, password_stdin, operator }) => {
            operator.run(environment, async |app| {
                let password = password(app, password_stdin)?;
                let changed = app.identity.change_password(&email, password.clone()).await?;
                app.partners.audit(Act::new("staff.password_changed", &email)).await?;
                Ok(with_password(staff(&changed), &password, password_stdin))
            })
        }
        UserCommand::Token(TokenArgs { email, operator }) => operator.run(environment, async |app| {
            let token = app.identity.issue_token(&email).await?;
            app.partners.audit(Act::new("staff.token_issued", &email)).await?;
            Ok(Answer::One(
                json!({"id": token.staff(), "email": email.as_str(), "admin_token": token.expose()}),
            ))
        }),
    }
}

fn password(app: &App, from_stdin: bool) -> Result<Password, Error> {
    if !from_stdin {
        return Ok(Password::random(&app.rng));
    }
    let mut line = String::new();
    io::stdin().lock().take(LONGEST_LINE).read_line(&mut line).map_err(Error::Input)?;
    Ok(line.trim_end_matches(['\r', '\n']).parse()?)
}

fn staff(staff: &Staff) -> Value {
    json!({"id": staff.id, "email": staff.email.as_str(), "created_at": staff.created_at})
}

/// A password that its owner gave is not repeated; one that was made up has to be told.
fn with_password(mut shown: Value, password: &Password, given: bool) -> Answer {
    if !given {
        shown["password"] = password.expose().into();
    }
    Answer::One(shown)
}
