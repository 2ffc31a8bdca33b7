//! Reading the settings again while the process runs. What can change at once does; the rest is named.

use std::path::PathBuf;
use std::time::Duration;

use comporta_gateway::{Fault, Gateway};
use serde_json::Value;

use super::files::Files;
use crate::arguments::ServeArgs;
use crate::logging::Log;
use crate::reload::Outcome;
use crate::settings::{Environment, Faults, Settings};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The settings that run, and how to read them again.
pub(super) struct Reload<'a> {
    args: ServeArgs,
    environment: &'a Environment,
    log: Log,
    running: Settings,
    file: Option<PathBuf>,
    /// The settings file, and the files that the settings named when they were last read.
    files: Files,
    /// What was wrong when the settings were last read: it may come right without them, when a file of theirs comes.
    faults: Vec<String>,
}

impl<'a> Reload<'a> {
    pub(super) fn new(
        args: &'a ServeArgs,
        environment: &'a Environment,
        log: Log,
        running: Settings,
    ) -> Self {
        let file = args.settings.config_file(environment);
        let mut args = args.clone();
        // The file that was there is asked for by name from now on: gone, it is missed, and what runs stays.
        args.settings.config.clone_from(&file);
        let files = Files::now(file.iter().cloned().chain(running.gateway().files()));
        Self { args, environment, log, running, file, files, faults: Vec::new() }
    }

    /// Reads every source again. One with a fault is refused whole: what runs stays as it is. Gives the settings that
    /// take effect at the next start only, or the faults.
    pub(super) fn now(&mut self, gateway: Option<&mut Gateway>) -> Outcome {
        // Before they are read: what changes meanwhile is read once more.
        self.files.look_again();
        let outcome = self.read(gateway);
        match &outcome {
            Ok(wait) if wait.is_empty() => tracing::info!("the settings were read again"),
            Ok(wait) => tracing::warn!(
                settings = wait.join(", "),
                "the settings were read again; these take effect at the next start"
            ),
            Err(faults) => {
                faults.iter().for_each(|fault| tracing::error!(fault, "the settings have a fault"));
                tracing::error!("the settings were refused; those that run stay");
            }
        }
        outcome
    }

    fn read(&mut self, gateway: Option<&mut Gateway>) -> Outcome {
        let told = |faults: Faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
        let loaded = self.args.load(self.environment).map_err(told);
        self.faults = loaded.as_ref().err().cloned().unwrap_or_default();
        let settings = loaded?;
        self.files.replace(self.file.iter().cloned().chain(settings.gateway().files()));
        if let Some(gateway) = gateway {
            let told = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
            gateway.reload(&settings.gateway()).map_err(told)?;
        }
        self.log.set_level(settings.log.level.clone());
        adopt(&mut self.running, &settings);
        Ok(differing(&self.running, &settings))
    }

    /// The log that follows the settings.
    pub(super) const fn log(&self) -> &Log {
        &self.log
    }

    /// Returns once the settings file, or one that it names, is not what it was when it was last read; of settings that
    /// were refused, also once other faults are found in them.
    pub(super) async fn file_changed(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.files.have_changed() || (!self.faults.is_empty() && self.faults_now() != self.faults) {
                return;
            }
        }
    }

    fn faults_now(&self) -> Vec<String> {
        let faults = self.args.load(self.environment).err();
        faults.iter().flat_map(Faults::iter).map(ToString::to_string).collect()
    }
}

/// Takes over what has changed at once.
fn adopt(running: &mut Settings, read: &Settings) {
    running.log.level.clone_from(&read.log.level);
    running.docs.clone_from(&read.docs);
    running.tls.clone_from(&read.tls);
    running.proxies.clone_from(&read.proxies);
    running.issuers.clone_from(&read.issuers);
    running.default_routes = read.default_routes;
    running.upstreams.clone_from(&read.upstreams);
    running.routes.clone_from(&read.routes);
}

/// The settings that differ, by section. Secrets are compared as themselves, never shown.
fn differing(running: &Settings, read: &Settings) -> Vec<String> {
    let (Ok(Value::Object(before)), Ok(Value::Object(after))) =
        (serde_json::to_value(running), serde_json::to_value(read))
    else {
        return Vec::new();
    };
    let sections =
        before.iter().filter(|(name, value)| after.get(*name) != Some(value)).map(|(name, _)| name.clone());
    let mut names: Vec<String> = sections.collect();
    let secrets = |settings: &Settings| {
        let database = &settings.database;
        let single = [
            &database.url,
            &database.read_url,
            &settings.security.pepper,
            &settings.redis.url,
            &settings.mail.url,
            &settings.sentry.dsn,
            &settings.alerts.webhook,
            &settings.alerts.webhook_secret,
        ];
        let several = settings.tracing.headers.values().chain(&settings.security.accepted_peppers);
        let all = single.into_iter().map(Option::as_ref).chain(several.map(Some));
        all.map(|secret| secret.map(|secret| secret.expose().to_owned())).collect::<Vec<_>>()
    };
    if secrets(running) != secrets(read) {
        names.push("a secret".to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{self, Secret, Sources};

    fn of(pairs: &[(&str, &str)]) -> Settings {
        let environment: Environment = pairs.iter().copied().collect();
        settings::load(&Sources { file: None, environment: &environment, flags: &[] }).unwrap()
    }

    #[test]
    fn what_waits_for_the_next_start_is_named_and_the_level_of_the_log_does_not_wait() {
        let running = of(&[]);
        let mut adopting = running.clone();
        let read = of(&[("COMPORTA_LOG__LEVEL", "debug"), ("COMPORTA_DEFAULT_ROUTES", "false")]);
        adopt(&mut adopting, &read);
        assert_eq!(differing(&adopting, &read), [""; 0]);
        assert_eq!(adopting.routes.len(), 0);
        assert_eq!(
            differing(&running, &of(&[("COMPORTA_LISTEN", "127.0.0.1:1"), ("COMPORTA_LEDGER__QUEUE", "7")])),
            ["ledger", "listen"]
        );
        let pepper = "p".repeat(40);
        let found = differing(&running, &of(&[("COMPORTA_SECURITY__PEPPER", &pepper)]));
        assert!(found.contains(&"a secret".to_owned()) && !found.join("").contains(&pepper));
        let mut renewed = running.clone();
        renewed.tracing.headers.insert("api-key".to_owned(), Secret::new("new"));
        let mut older = running;
        older.tracing.headers.insert("api-key".to_owned(), Secret::new("old"));
        assert_eq!(differing(&older, &renewed), ["a secret"]);
    }
}
