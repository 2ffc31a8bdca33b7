//! `comporta ledger verify`: every balance against its entries.

use clap::Subcommand;
use comporta_kernel::{Clock, Rng};

use super::{Error, block_on, print};
use crate::arguments::SettingsArgs;
use crate::settings::Environment;
use crate::wiring::open_ledger;

/// Looking after the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Recompute every balance from its entries; tell differences and exit 1 if there are any
    Verify(SettingsArgs),
}

/// Runs the command.
///
/// # Errors
/// [`Error::BalancesDiffer`], or a database that cannot be read.
pub fn run(command: &LedgerCommand, environment: &Environment) -> Result<(), Error> {
    let LedgerCommand::Verify(args) = command;
    let settings = args.load(environment)?;
    block_on(async {
        let (db, ledger) = open_ledger(&settings, Clock::system(), Rng::system()).await?;
        let found = ledger.verify().await?;
        db.close().await;
        for difference in &found.differences {
            print(&format!("{difference}\n"))?;
        }
        if found.differences.is_empty() {
            return print(&format!("{} accounts: every balance is the sum of its entries\n", found.accounts));
        }
        Err(Error::BalancesDiffer { differences: found.differences.len() })
    })
}
