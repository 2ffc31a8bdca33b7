//! Faults that only the settings as a whole show.

use comporta_db::Url;
use comporta_gateway::Place;
use comporta_kernel::Secret;

use super::Settings;
use super::sections::Role;
use super::tree::Step;
use crate::wiring::SERVICES;

/// Tells each fault with its setting's path.
pub(super) fn check(settings: &Settings, mut tell: impl FnMut(Vec<Step>, String)) {
    check_gateway(settings, &mut tell);
    let mut fault = |path: &[&str], message: String| {
        tell(path.iter().map(|&key| Step::Key(key.to_owned())).collect(), message);
    };
    check_roles(settings, &mut fault);
    check_places(settings, &mut fault);
    let http = &settings.http;
    for (path, nothing) in [
        (["http", "body_limit"], http.body_limit.bytes() == 0),
        (["http", "header_timeout"], http.header_timeout.duration().is_zero()),
        (["http", "idle_timeout"], http.idle_timeout.duration().is_zero()),
        (["http", "stall_timeout"], http.stall_timeout.duration().is_zero()),
        (["ledger", "consolidate_every"], settings.ledger.consolidate_every.duration().is_zero()),
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
    let served = |role: &&Role| !matches!(role, Role::Gateway | Role::Jobs);
    let orphans: Vec<&str> = roles.iter().filter(served).map(|role| role.name()).collect();
    if !roles.contains(&Role::Gateway) && !orphans.is_empty() {
        let verb = if orphans.len() == 1 { "needs" } else { "need" };
        fault(&["roles"], format!("{} {verb} the gateway role in the same process", orphans.join(", ")));
    }
}

fn check_places(settings: &Settings, fault: &mut impl FnMut(&[&str], String)) {
    if settings.listen.port() != 0 && settings.listen == settings.private_listen {
        fault(&["private_listen"], "must differ from listen".to_owned());
    }
    if settings.data_dir.as_os_str().is_empty() {
        fault(&["data_dir"], "expected the path of a folder".to_owned());
    }
    check_database(settings, fault);
    if let Err(error) = settings.oauth_issuer() {
        fault(&["identity", "issuer"], error.to_string());
    }
    if settings.security.pepper.as_ref().is_some_and(|pepper| pepper.expose().trim().len() < 32) {
        fault(&["security", "pepper"], "too short: at least 32 characters, and random ones".to_owned());
    }
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
