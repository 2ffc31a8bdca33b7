//! The first start on an empty database: a company to try things with, its key, and someone to administer it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use comporta_boletos::model::AccountDocument;
use comporta_partners::{KeyMode, NewCompany, NewKey, Scopes};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::wiring::App;

const EMAIL: &str = "admin@demo.example";

/// What the first start made, secrets included: shown once, kept in a file that only its owner can read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FirstRun {
    /// The company `Demo`.
    pub company_id: String,
    /// Its key, which holds every scope.
    pub api_key: String,
    /// The staff member's name to sign in with.
    pub admin_email: String,
    /// The staff member's password.
    pub admin_password: String,
    /// The staff member's token for `/admin/v1`.
    pub admin_token: String,
}

/// Why the first start failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A service failed.
    #[error(transparent)]
    Partners(#[from] comporta_partners::Error),
    /// A service failed.
    #[error(transparent)]
    Identity(#[from] comporta_identity::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] comporta_db::Error),
    /// The bank account is not taken.
    #[error(transparent)]
    Boletos(#[from] comporta_boletos::Error),
    /// The names of what is made are not taken.
    #[error("the demonstration company cannot be named")]
    Names,
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Where the file is.
#[must_use]
pub fn file(app: &App) -> PathBuf {
    app.settings.data_dir.join("first-run.json")
}

/// Makes the demonstration company if the database has none. All in one transaction, and the file before its end:
/// a start that is cut short leaves an empty database, never one whose key nobody knows.
///
/// # Errors
/// When the database or the file cannot be written.
pub async fn run(app: &App) -> Result<Option<FirstRun>, Error> {
    // Nearly every start finds a company, and must not wait for a turn to write to learn so.
    if !app.partners.companies(None, 1).await?.is_empty() {
        return Ok(None);
    }
    let mut tx = app.db.begin().await?;
    if app.partners.has_companies_in(&mut tx).await? {
        return Ok(None);
    }
    let name = "Demo".parse().map_err(|_| Error::Names)?;
    let company = NewCompany { name, document: None, email: None, address: None, plan: None };
    let company = app.partners.create_company_in(&mut tx, company).await?;
    app.boletos.add_account_in(&mut tx, company.id, account()?).await?;
    app.bills.note_biller_in(&mut tx, company.id).await?;
    let name = "first run".parse().map_err(|_| Error::Names)?;
    let (mode, expires_at) = (KeyMode::Live, None);
    let key = NewKey { name, scopes: Scopes::all(), mode, expires_at, allowed_addresses: Default::default() };
    let key = app.partners.create_key_in(&mut tx, company.id, key).await?;
    let email = EMAIL.parse().map_err(|_| Error::Names)?;
    let staff = app.identity.add_with_random_password_in(&mut tx, email).await?;
    let made = FirstRun {
        company_id: company.id.to_string(),
        api_key: key.text.expose().to_owned(),
        admin_email: EMAIL.to_owned(),
        admin_password: staff.password.expose().to_owned(),
        admin_token: staff.token.expose().to_owned(),
    };
    let path = file(app);
    write(&path, &made).map_err(|source| Error::File { path, source })?;
    tx.commit().await?;
    Ok(Some(made))
}

/// An account to try boletos with: nobody has it, so that a boleto paid by mistake is refused by the bank.
fn account() -> Result<AccountDocument, Error> {
    serde_json::from_value(json!({
        "bank": "341", "agency": "0000", "account": "00000", "account_digit": "0", "wallet": "109",
    }))
    .map_err(|_| Error::Names)
}

fn write(path: &Path, made: &FirstRun) -> io::Result<()> {
    let unfinished = path.with_extension("json.new");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Made anew each time, so that an old file's mode is not inherited.
    let _ = fs::remove_file(&unfinished);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(&serde_json::to_vec_pretty(made)?)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    // The new name must be on disk before the database says that its key is.
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}
