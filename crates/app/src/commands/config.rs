//! `comporta config`: the documents about the settings.

use clap::Subcommand;

use super::{Error, print};
use crate::settings;

/// What `config` prints.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// The JSON Schema of comporta.yaml
    Schema,
    /// Every setting with its default and its reason
    Default,
}

/// Prints the document asked for.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(command: &ConfigCommand) -> Result<(), Error> {
    match command {
        ConfigCommand::Schema => print(&settings::schema()),
        ConfigCommand::Default => print(settings::DEFAULTS),
    }
}
