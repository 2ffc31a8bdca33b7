//! `comporta check`: are these settings without fault?

use clap::Args;

use super::{Error, print};
use crate::arguments::SettingsArgs;
use crate::settings::Environment;

/// Flags of `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Loads the settings as `serve` would, the environment included, and says that they are good.
///
/// # Errors
/// Every fault.
pub fn run(args: &CheckArgs, environment: &Environment) -> Result<(), Error> {
    args.settings.load(environment)?;
    match args.settings.config_file(environment) {
        Some(file) => print(&format!("{}: ok\n", file.display())),
        None => print("no settings file, built-in defaults: ok\n"),
    }
}
