//! Faults that only the settings as a whole show.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use comporta_alerts::Webhook;
use comporta_db::{Blobs, Url};
use comporta_gateway::Place;
use comporta_kernel::{Clock, Secret, is_email};
use comporta_mail::Mailer;

use super::tree::Step;
use super::{MailTransport, Settings};
use crate::alerts::is_webhook;
use crate::wiring::SERVICES;

/// Tells each fault with its setting's path.
pub(super) fn check(settings: &Settings, mut tell: impl FnMut(Vec<Step>, String)) {
    check_gateway(settings, &mut tell);
    let mut fault = |path: &[&str], message: String| {
        tell(path.iter().map(|&key| Step::Key(key.to_owned())).collect(), message);
    };
    check_roles(settings, &mut fault);
    check_places(settings, &mut fault);
    check_tracing(settings, &mut fault);
    check_security(settings, &mut fault);
    check_mail(settings, &mut fault);
    check_backup(settings, &mut fault);
    check_sentry(settings, &mut fault);
    check_alerts(settings, &mut fault);
    if !is_namespace(&settings.metrics.namespace) {
        fault(
            &["metrics", "namespace"],
            "expected 1 to 255 of A-Z, a-z, 0-9 and ._/#:- , not AWS/…".to_owned(),
        );
    }
    let http = &settings.http;
    for (path, nothing) in [
        (["http", "body_limit"], http.body_limit.bytes() == 0),
        (["http", "header_timeout"], http.header_timeout.duration().is_zero()),
        (["http", "idle_timeout"], http.idle_timeout.duration().is_zero()),
        (["http", "stall_timeout"], http.stall_timeout.duration().is_zero()),
        (["ledger", "consolidate_every"], settings.ledger.consolidate_every.duration().is_zero()),
        (["metrics", "every"], settings.metrics.every.duration().is_zero()),
        (["request_log", "keep"], settings.request_log.keep.duration().is_zero()),
    ] {
        if nothing {
            fault(&path, "must be more than zero".to_owned());
        }
    }
}

fn check_gateway(settings: &Settings, tell: &mut impl FnMut(Vec<Step>, String)) {
    let faults = comporta_gateway::check(&settings.gateway(), &SERVICES);
    let faults = faults.unwrap_or_else(|error| {
        vec![comporta_gateway::Fault { place: Vec::new(), message: format!("cannot be checked: {error}") }]
    });
    for comporta_gateway::Fault { place, message } in faults {
        let path = place.into_iter().map(|step| match step {
            Place::Key(key) => Step::Key(key),
            Place::Index(index) => Step::Index(index),
        });
        tell(path.collect(), message);
    }
}

fn check_roles(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let roles = &settings.roles;
    if roles.is_empty() {
        fault(&["roles"], "at least one role must run".to_owned());
    }
}

fn check_places(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let taken = [("listen", settings.listen), ("private_listen", settings.private_listen)];
    for (name, address) in [taken[1], ("service_listen", settings.service_listen)] {
        let first =
            taken.iter().find(|(other, same)| *other != name && *same == address && address.port() != 0);
        if let Some((other, _)) = first {
            fault(&[name], format!("must differ from {other}"));
        }
    }
    if settings.data_dir.as_os_str().is_empty() {
        fault(&["data_dir"], "expected the path of a folder".to_owned());
    }
    check_database(settings, fault);
    if let Err(error) = settings.oauth_issuer() {
        fault(&["identity", "issuer"], error.to_string());
    }
}

fn check_security(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let security = &settings.security;
    let short = |pepper: &Secret| pepper.expose().trim().len() < 32;
    if security.pepper.as_ref().is_some_and(short) {
        fault(&["security", "pepper"], "too short: at least 32 characters, and random ones".to_owned());
    }
    if security.accepted_peppers.iter().any(short) {
        fault(&["security", "accepted_peppers"], "too short: at least 32 characters each".to_owned());
    }
    if security.accepted_peppers.len() > 4 {
        fault(&["security", "accepted_peppers"], "expected at most 4".to_owned());
    }
    if security.key_reminders.len() > 10 || security.key_reminders.iter().any(|days| days.get() > 3650) {
        fault(&["security", "key_reminders"], "expected at most 10 numbers up to 3650".to_owned());
    }
}

fn check_tracing(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let tracing = &settings.tracing;
    if tracing.otlp.as_ref().is_some_and(|url| url.parts().query().is_some()) {
        fault(&["tracing", "otlp"], "expected a URL without a query".to_owned());
    }
    if tracing.service_name.trim().is_empty() {
        fault(&["tracing", "service_name"], "expected a name".to_owned());
    }
    for (name, value) in &tracing.headers {
        if HeaderName::try_from(name).is_err() {
            fault(&["tracing", "headers", name], "expected the name of a header".to_owned());
        } else if HeaderValue::try_from(value.expose()).is_err() {
            fault(
                &["tracing", "headers", name],
                "expected the value of a header: visible characters".to_owned(),
            );
        }
    }
}

fn check_mail(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let mail = &settings.mail;
    match (mail.transport, &mail.url) {
        (MailTransport::Smtp, None) => {
            return fault(&["mail", "url"], "must be set when mail.transport is smtp".to_owned());
        }
        (MailTransport::File, Some(_)) => {
            return fault(&["mail", "url"], "must be null unless mail.transport is smtp".to_owned());
        }
        _ => {}
    }
    match Mailer::new(settings.mail_transport(), &mail.from, Clock::system()) {
        Ok(_) => {}
        Err(error @ comporta_mail::Error::Server(_)) => fault(&["mail", "url"], error.to_string()),
        Err(_) => fault(&["mail", "from"], "expected an address: Comporta <contas@example.com>".to_owned()),
    }
}

fn check_backup(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let backup = &settings.backup;
    let short = |key: &Secret| key.expose().trim().len() < 32;
    if backup.key.as_ref().is_some_and(short) || backup.old_keys.iter().any(short) {
        let setting = if backup.key.as_ref().is_some_and(short) { "key" } else { "old_keys" };
        fault(&["backup", setting], "too short: at least 32 characters, and random ones".to_owned());
    }
    if backup.key.is_none() && !backup.old_keys.is_empty() {
        fault(&["backup", "old_keys"], "must be empty unless backup.key is set".to_owned());
    }
    if let (Some(to), Some(archive)) = (&backup.to, &backup.archive)
        && Blobs::is_same_place(to, archive)
    {
        fault(&["backup", "archive"], "must differ from backup.to".to_owned());
    }
    for (setting, place) in [("to", &backup.to), ("archive", &backup.archive)] {
        let path = place.as_deref().map(|place| place.strip_prefix("s3://").unwrap_or(place));
        if path.is_some_and(|path| path.is_empty() || path.contains("://")) {
            fault(&["backup", setting], "expected a folder, or s3://BUCKET/PREFIX".to_owned());
        }
    }
    let url = settings.database.url.as_ref().and_then(|url| url.expose().parse::<Url>().ok());
    if backup.point_in_time && !matches!(url, Some(Url::Postgres(_))) {
        fault(&["backup", "point_in_time"], "must be false unless database.url is of PostgreSQL".to_owned());
    }
}

fn check_sentry(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let sentry = &settings.sentry;
    if sentry.dsn.as_ref().is_some_and(|dsn| !crate::sentry::is_dsn(dsn)) {
        let message = "expected a DSN such as https://KEY@o1.ingest.sentry.io/2";
        fault(&["sentry", "dsn"], message.to_owned());
    }
    if sentry.environment.is_empty() || sentry.environment.chars().any(|c| c.is_whitespace() || c == '/') {
        fault(&["sentry", "environment"], "expected a name without spaces and slashes".to_owned());
    }
}

fn check_alerts(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let alerts = &settings.alerts;
    let mut check = |setting, is_wrong: bool, message: &str| {
        if is_wrong {
            fault(&["alerts", setting], message.to_owned());
        }
    };
    let readers = &alerts.email;
    check(
        "email",
        readers.len() > 10 || readers.iter().any(|reader| !is_email(reader)),
        "expected at most 10 addresses such as ana@example.com",
    );
    let webhook = alerts.webhook.as_ref();
    check(
        "webhook",
        webhook.is_some_and(|url| !is_webhook(url.expose())),
        "expected a URL such as https://hooks.example.com/alerts; http only to this machine",
    );
    let secret = alerts.webhook_secret.as_ref();
    check(
        "webhook_secret",
        secret.is_some_and(|secret| Webhook::key(secret).is_err()),
        "expected whsec_ and 24 to 64 random bytes in base64",
    );
    check(
        "webhook_secret",
        secret.is_some() && webhook.is_none(),
        "must be null unless alerts.webhook is set",
    );
    check("installation", alerts.installation.trim().is_empty(), "expected a name");
    check("every", alerts.every.duration() < Duration::from_secs(1), "expected at least 1s");
    check("repeat", alerts.repeat.duration() < Duration::from_secs(60), "expected at least 1m");
    check("quota", ![80, 100].contains(&alerts.quota.hundredths()), "expected 80% or 100%");
    check("burn_rate", alerts.burn_rate.is_nan() || alerts.burn_rate < 1.0, "expected a number from 1 up");
}

/// What CloudWatch takes for a namespace; those of AWS are its own.
fn is_namespace(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._/#:-".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(is_part) && !text.starts_with("AWS/")
}

fn check_database(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    let parse = |url: &Option<Secret>| url.as_ref().map(|url| url.expose().parse::<Url>());
    let (url, read_url) = (parse(&settings.database.url), parse(&settings.database.read_url));
    if let Some(Err(error)) = &url {
        fault(&["database", "url"], error.to_string());
    }
    let replicated = matches!((&url, &read_url), (Some(Ok(Url::Postgres(_))), Some(Ok(Url::Postgres(_)))));
    if read_url.is_some() && !replicated {
        let message =
            "expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, and a url of PostgreSQL beside it";
        fault(&["database", "read_url"], message.to_owned());
    }
}
