//! Flags that stand for settings, shared by every command that needs settings.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::settings::{self, Environment, Faults, Flag, Secret, Settings, Sources};

/// The file read when nobody names one.
const USUAL_FILE: &str = "comporta.yaml";

/// Flags of every command that works on an installation.
#[derive(Args, Clone, Debug, Default)]
pub struct SettingsArgs {
    /// Settings file [environment: COMPORTA_CONFIG] [default: ./comporta.yaml if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of everything kept on disk
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL", value_parser = secret)]
    pub database_url: Option<Secret>,
}

/// Flags of `serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// Where the settings come from.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Roles to run, such as gateway,ledger
    #[arg(long, value_name = "ROLE,…")]
    pub roles: Option<String>,
    /// Address of the public listener
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Address of the private listener
    #[arg(long, value_name = "ADDRESS")]
    pub private_listen: Option<String>,
    /// Leave an empty database empty
    #[arg(long)]
    pub no_first_run: bool,
}

impl SettingsArgs {
    /// The settings file that applies: the flag's, the environment's, or the usual one where it exists.
    #[must_use]
    pub fn config_file(&self, environment: &Environment) -> Option<PathBuf> {
        let named =
            self.config.clone().or_else(|| environment.get(settings::CONFIG_VARIABLE).map(PathBuf::from));
        named.or_else(|| Path::new(USUAL_FILE).exists().then(|| PathBuf::from(USUAL_FILE)))
    }

    /// Defaults, file, environment and these flags, as one.
    ///
    /// # Errors
    /// Every fault of every source.
    pub fn load(&self, environment: &Environment) -> Result<Settings, Faults> {
        self.load_with(environment, Vec::new())
    }

    fn load_with(&self, environment: &Environment, mut flags: Vec<Flag>) -> Result<Settings, Faults> {
        let url = self.database_url.as_ref().map(|url| url.expose().to_owned());
        flags.extend(flag("--data-dir", &["data_dir"], self.data_dir.clone()));
        flags.extend(flag("--database-url", &["database", "url"], url));
        let file = self.config_file(environment);
        settings::load(&Sources { file: file.as_deref(), environment, flags: &flags })
    }
}

impl ServeArgs {
    /// Defaults, file, environment and these flags, as one.
    ///
    /// # Errors
    /// Every fault of every source.
    pub fn load(&self, environment: &Environment) -> Result<Settings, Faults> {
        let first_run = self.no_first_run.then(|| "false".to_owned());
        let flags = [
            flag("--roles", &["roles"], self.roles.clone()),
            flag("--listen", &["listen"], self.listen.clone()),
            flag("--private-listen", &["private_listen"], self.private_listen.clone()),
            flag("--no-first-run", &["first_run"], first_run),
        ];
        self.settings.load_with(environment, flags.into_iter().flatten().collect())
    }
}

fn flag(name: &'static str, path: &'static [&'static str], value: Option<String>) -> Option<Flag> {
    value.map(|value| Flag { name, path, value })
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}
