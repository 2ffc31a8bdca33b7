//! The grammar of the command line.

use clap::{Parser, Subcommand};

use crate::arguments::{ServeArgs, SettingsArgs};
use crate::commands::backup::BackupCommand;
use crate::commands::boleto::BoletoCommand;
use crate::commands::check::CheckArgs;
use crate::commands::company::CompanyCommand;
use crate::commands::config::ConfigCommand;
use crate::commands::import::ImportCommand;
use crate::commands::key::KeyCommand;
use crate::commands::ledger::LedgerCommand;
use crate::commands::pix::PixCommand;
use crate::commands::plan::PlanCommand;
use crate::commands::user::UserCommand;
use crate::commands::{self, Error};
use crate::settings::Environment;

/// Publish APIs to partners, meter them, bill them by boleto and watch the cash arrive.
#[derive(Debug, Parser)]
#[command(name = "comporta", version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(flatten)]
    serve: ServeArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the program is asked to do; nothing said is `serve`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the roles of the settings in this process (the default).
    Serve(ServeArgs),
    /// Validate the settings and tell every fault.
    Check(CheckArgs),
    /// Print a document about the settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Bring the database to this version.
    Migrate(SettingsArgs),
    /// Look after companies.
    #[command(subcommand)]
    Company(CompanyCommand),
    /// Look after the keys that companies call with.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look after the plans that companies are on.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Look after the people who run Comporta.
    #[command(subcommand)]
    User(UserCommand),
    /// Look after the ledger.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Make, prove and restore backups of the database.
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Read and make digitable lines and barcodes of boletos.
    #[command(subcommand)]
    Boleto(BoletoCommand),
    /// Read and make the codes behind Pix QR codes.
    #[command(subcommand)]
    Pix(PixCommand),
    /// Send a file to a running server and wait until all of it is dealt with.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Print the OpenAPI document.
    Openapi,
}

impl Cli {
    /// Runs the command that was asked for.
    ///
    /// # Errors
    /// What stopped the command.
    pub fn run(self, environment: &Environment) -> Result<(), Error> {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(args) => commands::serve::run(&args, environment),
            Command::Check(args) => commands::check::run(&args, environment),
            Command::Config(command) => commands::config::run(&command),
            Command::Migrate(args) => commands::migrate::run(&args, environment),
            Command::Company(command) => commands::company::run(command, environment),
            Command::Key(command) => commands::key::run(command, environment),
            Command::Plan(command) => commands::plan::run(command, environment),
            Command::User(command) => commands::user::run(command, environment),
            Command::Ledger(command) => commands::ledger::run(&command, environment),
            Command::Backup(command) => commands::backup::run(&command, environment),
            Command::Boleto(command) => commands::boleto::run(&command),
            Command::Pix(command) => commands::pix::run(&command),
            Command::Import(command) => commands::import::run(&command, environment),
            Command::Openapi => commands::openapi::run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_what_is_meant_when_no_command_is_named() {
        for line in [&["comporta", "--roles", "jobs"][..], &["comporta", "serve", "--roles", "jobs"]] {
            let cli = Cli::parse_from(line);
            let Command::Serve(args) = cli.command.unwrap_or(Command::Serve(cli.serve)) else {
                panic!("{line:?}")
            };
            assert_eq!(args.roles.as_deref(), Some("jobs"));
        }
    }

    #[test]
    fn flags_become_settings() {
        let line =
            ["comporta", "--listen", "[::1]:1", "--private-listen", "[::1]:2", "--roles", "gateway,ledger"];
        let more = ["--data-dir", "/d", "--database-url", "postgres://a:hunter2@h/d", "--no-first-run"];
        let cli = Cli::parse_from(line.into_iter().chain(more));
        assert!(!format!("{cli:?}").contains("hunter2"));
        let settings = cli.serve.load(&Environment::default()).unwrap();
        assert_eq!((settings.listen.to_string(), settings.private_listen.port()), ("[::1]:1".to_owned(), 2));
        assert_eq!((settings.roles.len(), settings.first_run), (2, false));
        assert_eq!(settings.data_dir.to_str(), Some("/d"));
        assert_eq!(settings.database.url.unwrap().expose(), "postgres://a:hunter2@h/d");
    }

    #[test]
    fn the_environment_names_the_settings_file_unless_a_flag_does() {
        let environment: Environment = [("COMPORTA_CONFIG", "/nowhere/a.yaml")].into_iter().collect();
        let faults = |line: &[&str]| Cli::parse_from(line).serve.load(&environment).unwrap_err().to_string();
        assert!(faults(&["comporta"]).starts_with("/nowhere/a.yaml: cannot be read"));
        assert!(
            faults(&["comporta", "--config", "/nowhere/b.yaml"])
                .starts_with("/nowhere/b.yaml: cannot be read")
        );
    }
}
