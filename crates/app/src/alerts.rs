//! What the built-in alerts go by: this process's own metrics, and the disk.

mod burn;
mod disk;
mod signs;

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use comporta_alerts::{Channels, Condition, Look, Looks, SecretError, Terms, Watch, Webhook};
use comporta_kernel::{Clock, Interval};
use jiff::SignedDuration;
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use self::burn::Budgets;
use self::disk::Disk;
use crate::metrics::{Metrics, Readings};
use crate::outbound;
use crate::settings::AlertsSettings;
use crate::wiring::App;

/// How long a webhook's receiver may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// Why nobody can be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The webhook's secret is none.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// There is no TLS to reach the webhook by.
    #[error("cannot reach a webhook")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Looks at this process.
struct Own {
    settings: AlertsSettings,
    metrics: Metrics,
    clock: Clock,
    budgets: Mutex<Budgets>,
    disk: Disk,
}

/// A watch over this process, unless nobody is to be told; it runs until told to stop.
///
/// # Errors
/// [`Error`]: none for settings that were loaded.
pub fn open(
    app: &App,
    metrics: Metrics,
    stop: CancellationToken,
) -> Result<Option<impl Future<Output = ()> + use<>>, Error> {
    let settings = &app.settings.alerts;
    if settings.email.is_empty() && settings.webhook.is_none() {
        return Ok(None);
    }
    let webhook = settings.webhook.as_ref().map(|url| {
        let client = outbound::client(PATIENCE).map_err(Error::Client)?;
        let secret = settings.webhook_secret.as_ref();
        Ok::<_, Error>(Webhook::new(client, url.expose().to_owned(), secret, app.clock.clone())?)
    });
    let channels = Channels {
        installation: settings.installation.clone(),
        mailer: app.mailer.clone(),
        readers: settings.email.clone(),
        webhook: webhook.transpose()?,
        clock: app.clock.clone(),
    };
    let watch = Watch::new(app.db.clone(), app.clock.clone(), app.ids().uuid(), terms(settings), channels);
    let own = Own {
        settings: settings.clone(),
        metrics,
        clock: app.clock.clone(),
        budgets: Mutex::default(),
        disk: Disk::of(app.settings.data_dir.clone()),
    };
    Ok(Some(watch.run(own, stop)))
}

fn terms(settings: &AlertsSettings) -> Terms {
    let signed =
        |interval: Interval| SignedDuration::try_from(interval.duration()).unwrap_or(SignedDuration::MAX);
    Terms { every: signed(settings.every), hold: signed(settings.hold), repeat: signed(settings.repeat) }
}

/// Whether a webhook may be sent there: what it says is nobody else's business, unless it stays on this machine.
pub(crate) fn is_webhook(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&url.host_str().unwrap_or_default());
    url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && is_here))
}

#[async_trait]
impl Looks for Own {
    async fn look(&self) -> Look {
        let metrics = self.metrics.clone();
        // There may be thousands of lines.
        let reading = tokio::task::spawn_blocking(move || Readings::of(metrics.render()));
        let (readings, free) = tokio::join!(reading, self.disk.free());
        let Ok(readings) = readings else { return Look::default() };
        let (settings, now) = (&self.settings, self.clock.now());
        let mut look = signs::of(&readings, settings, now);
        if let Some(free) = free {
            look.note(Condition::DiskLow, signs::disk(free, settings));
        }
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.note(&readings, now);
        budgets.look(&readings, settings, &mut look);
        look
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_goes_over_tls_or_stays_here() {
        for good in [
            "https://hooks.example.com/x?token=1",
            "http://127.0.0.1:9/",
            "http://localhost/x",
            "http://[::1]:9/",
        ] {
            assert!(is_webhook(good), "{good}");
        }
        for bad in
            ["http://hooks.example.com/", "ftp://localhost/", "hooks.example.com", "https://", "file:///x"]
        {
            assert!(!is_webhook(bad), "{bad}");
        }
    }
}
