//! Reading the settings again while the process runs. What can change at once does; the rest is named.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::arguments::ServeArgs;
use crate::logging::Log;
use crate::settings::{Environment, Settings};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The settings that run, and how to read them again.
pub(super) struct Reload<'a> {
    args: &'a ServeArgs,
    environment: &'a Environment,
    log: Log,
    running: Settings,
    file: Option<PathBuf>,
    seen: Option<SystemTime>,
}

impl<'a> Reload<'a> {
    pub(super) fn new(
        args: &'a ServeArgs,
        environment: &'a Environment,
        log: Log,
        running: Settings,
    ) -> Self {
        let file = args.settings.config_file(environment);
        let seen = file.as_ref().and_then(modified);
        Self { args, environment, log, running, file, seen }
    }

    /// Reads every source again. One with a fault is refused whole: what runs stays as it is.
    pub(super) fn now(&mut self) {
        self.seen = self.file.as_ref().and_then(modified);
        let settings = match self.args.load(self.environment) {
            Ok(settings) => settings,
            Err(faults) => {
                faults.iter().for_each(|fault| tracing::error!(%fault, "the settings have a fault"));
                tracing::error!("the settings were refused; those that run stay");
                return;
            }
        };
        self.log.set_level(settings.log.level.clone());
        let wait = differing(&self.running, &settings);
        self.running.log.level = settings.log.level;
        if wait.is_empty() {
            tracing::info!("the settings were read again");
        } else {
            tracing::warn!(
                settings = wait.join(", "),
                "the settings were read again; these take effect at the next start"
            );
        }
    }

    /// The log that follows the settings.
    pub(super) const fn log(&self) -> &Log {
        &self.log
    }

    /// Returns once the settings file is not what it was when it was last read.
    pub(super) async fn file_changed(&self) {
        let Some(file) = &self.file else { return std::future::pending().await };
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if modified(file) != self.seen {
                return;
            }
        }
    }
}

fn modified(file: &PathBuf) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|facts| facts.modified()).ok()
}

/// The settings that differ, by section, but for the level of the log. Secrets are compared as themselves, never
/// shown.
fn differing(running: &Settings, read: &Settings) -> Vec<String> {
    let mut read = read.clone();
    read.log.level = running.log.level.clone();
    let (Ok(Value::Object(before)), Ok(Value::Object(after))) =
        (serde_json::to_value(running), serde_json::to_value(&read))
    else {
        return Vec::new();
    };
    let sections =
        before.iter().filter(|(name, value)| after.get(*name) != Some(value)).map(|(name, _)| name.clone());
    let mut names: Vec<String> = sections.collect();
    let secrets = |settings: &Settings| {
        let all = [&settings.database.url, &settings.database.read_url, &settings.security.pepper];
        all.map(|secret| secret.as_ref().map(|secret| secret.expose().to_owned()))
    };
    if secrets(running) != secrets(&read) {
        names.push("a secret".to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{self, Sources};

    fn of(pairs: &[(&str, &str)]) -> Settings {
        let environment: Environment = pairs.iter().copied().collect();
        settings::load(&Sources { file: None, environment: &environment, flags: &[] }).unwrap()
    }

    #[test]
    fn what_waits_for_the_next_start_is_named_and_the_level_of_the_log_does_not_wait() {
        let running = of(&[]);
        assert_eq!(differing(&running, &of(&[("COMPORTA_LOG__LEVEL", "debug")])), [""; 0]);
        assert_eq!(
            differing(&running, &of(&[("COMPORTA_LISTEN", "127.0.0.1:1"), ("COMPORTA_LEDGER__QUEUE", "7")])),
            ["ledger", "listen"]
        );
        let pepper = "p".repeat(40);
        let found = differing(&running, &of(&[("COMPORTA_SECURITY__PEPPER", &pepper)]));
        assert!(found.contains(&"a secret".to_owned()) && !found.join("").contains(&pepper));
    }
}
