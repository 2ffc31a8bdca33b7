//! `comporta import boletos`: sends a file to a running server and waits until every row is accounted for.

mod progress;
mod upload;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde::Deserialize;

use self::progress::Progress;
use super::{Error, block_on, print};
use crate::settings::{Environment, Secret, SecretError, resolve};

/// How often the server is asked how it stands.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the server may be silent before it is given up; while it restarts it is.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sending files.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// A CSV of debts, a boleto for each row; may be sent again: a debt has one boleto
    Boletos(ImportArgs),
}

/// What is sent where.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file
    file: PathBuf,
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// An API key that holds boletos:write and boletos:read; secret://env/NAME or secret://file/PATH keeps it from who lists processes
    #[arg(long, value_parser = secret)]
    key: Secret,
    /// Whether payers' documents must be valid
    #[arg(long, default_value = "any", value_parser = ["any", "valid"])]
    documents: String,
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// Why a file was not sent, or not dealt with.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The key is kept where it cannot be read.
    #[error(transparent)]
    Key(#[from] SecretError),
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No connection can be made here.
    #[error("cannot speak to servers")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server did not answer.
    #[error("the server does not answer")]
    Silent(#[source] reqwest::Error),
    /// The server's answer says no.
    #[error("the server answered {status}: {detail}")]
    Refused {
        /// The answer's status.
        status: u16,
        /// What it says.
        detail: String,
    },
    /// Some rows are not accounted for.
    #[error("the import is {status}: {}", detail.as_deref().unwrap_or("not every row is accounted for"))]
    Unfinished {
        /// How it stands.
        status: String,
        /// Why.
        detail: Option<String>,
    },
}

/// How an import stands.
#[derive(Debug, Deserialize)]
struct Import {
    id: String,
    status: String,
    rows_read: u64,
    issued: u64,
    duplicates: u64,
    rejected: u64,
    warned: u64,
    bytes_read: u64,
    bytes_total: u64,
    error: Option<String>,
}

/// A server that knows us.
struct Server<'a> {
    client: Client,
    url: &'a Url,
    key: String,
}

/// Runs the command.
///
/// # Errors
/// When the file is not sent, or any row of it is not accounted for.
pub fn run(command: &ImportCommand, environment: &Environment) -> Result<(), Error> {
    let ImportCommand::Boletos(args) = command;
    let key = resolve(args.key.expose(), environment).map_err(ImportError::Key)?;
    let import = block_on(async { Ok(send_and_follow(args, key).await?) })?;
    let Import { id, rows_read, issued, duplicates, rejected, warned, .. } = &import;
    print(&format!(
        "{id}: {rows_read} rows, {issued} issued, {duplicates} duplicates, {rejected} rejected, {warned} warned of\n"
    ))?;
    if import.status == "completed" && issued + duplicates + rejected == *rows_read {
        return Ok(());
    }
    Err(ImportError::Unfinished { status: import.status, detail: import.error }.into())
}

async fn send_and_follow(args: &ImportArgs, key: String) -> Result<Import, ImportError> {
    let tls = comporta_gateway::web_client().map_err(|error| ImportError::Client(error.into()))?;
    let client = Client::builder().tls_backend_preconfigured(tls).redirect(Policy::none()).no_proxy().build();
    let client = client.map_err(|error| ImportError::Client(error.into()))?;
    let server = Server { client, url: &args.url, key };
    let mut progress = Progress::new();
    let import = upload::send(&server, args, &mut progress).await?;
    let import = server.follow(import, &mut progress).await?;
    progress.end();
    Ok(import)
}

impl Server<'_> {
    fn at(&self, path: &str, query: Option<&str>) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// Asks how it stands until it has ended. A server that restarts meanwhile goes on with it, and so do we.
    async fn follow(&self, mut import: Import, progress: &mut Progress) -> Result<Import, ImportError> {
        let url = self.at(&format!("/v1/boleto-imports/{}", import.id), None);
        let mut answered = Instant::now();
        while import.status == "running" {
            progress.show("dealt with", import.bytes_read, import.bytes_total);
            tokio::time::sleep(PAUSE).await;
            let request = self.client.get(url.clone()).header("x-api-key", &self.key).timeout(PATIENCE);
            match request.send().await {
                Ok(answer) if answer.status().as_u16() < 500 => {
                    import = read(answer).await?;
                    answered = Instant::now();
                }
                Ok(answer) if answered.elapsed() > PATIENCE => return read(answer).await,
                Err(error) if answered.elapsed() > PATIENCE => return Err(ImportError::Silent(error)),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(import)
    }
}

async fn read(answer: Response) -> Result<Import, ImportError> {
    let status = answer.status();
    let text = answer.text().await.map_err(ImportError::Silent)?;
    let refused = |detail: &str| ImportError::Refused { status: status.as_u16(), detail: detail.to_owned() };
    if status.is_success() {
        return serde_json::from_str(&text).map_err(|_| refused("what is no import"));
    }
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    Err(refused(problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("no reason")))
}
