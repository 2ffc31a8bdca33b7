//! What the commands on boletos and Pix codes share: JSON in, JSON out, and a refusal that a program can read.

use std::io::{self, Read as _};

use serde::Serialize;
use serde_json::json;

use super::boleto::BoletoFault;
use super::pix::PixFault;
use super::{Error, print};

/// More than anybody has to say at once: 100,000 boletos.
const LONGEST_INPUT: u64 = 32 << 20;

/// What was given is not what the command reads.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No boleto, or none that can be made.
    #[error(transparent)]
    Boleto(#[from] BoletoFault),
    /// No code of Pix, or none that can be made.
    #[error(transparent)]
    Pix(#[from] PixFault),
    /// Standard input holds something else.
    #[error("standard input is not what is read here: {0}")]
    Json(#[from] serde_json::Error),
    /// Standard input holds too much, or no text.
    #[error("standard input is not UTF-8 text of at most 32 MiB")]
    Input,
}

/// Prints what came out; a refusal too, as `{"error"}`, before it ends the command.
pub(super) fn answer<T: Serialize>(outcome: Result<T, Error>) -> Result<(), Error> {
    match outcome {
        Ok(value) => print(&format!("{}\n", serde_json::to_string(&value).unwrap_or_default())),
        Err(Error::Refused(refusal)) => {
            print(&format!("{}\n", json!({"error": refusal.to_string()})))?;
            Err(Error::Refused(refusal))
        }
        Err(other) => Err(other),
    }
}

/// All of standard input.
pub(super) fn input() -> Result<String, Error> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(LONGEST_INPUT + 1).read_to_end(&mut bytes).map_err(Error::Input)?;
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LONGEST_INPUT);
    text.ok_or(Error::Refused(Refusal::Input))
}
