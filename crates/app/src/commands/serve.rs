//! `comporta serve`: runs the roles of the settings until told to stop.

mod descriptors;
mod greeting;
mod reload;
mod signals;

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;

use comporta_gateway::Gateway;
use comporta_kernel::{Clock, IdSource, Rng};
use comporta_partners::KeyRing;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::reload::Reload;
use self::signals::Signals;
use super::Error;
use crate::arguments::ServeArgs;
use crate::logging::Log;
use crate::metrics::Metrics;
use crate::server::{Limits, serve};
use crate::settings::{Environment, Role, Settings};
use crate::wiring::App;
use crate::{first_run, logging, private, service_listener, trace_export, wiring};

/// Reads the settings, starts the log, and serves until SIGTERM or SIGINT.
///
/// # Errors
/// Faults of the settings; a database or a listener that cannot be opened.
pub fn run(args: &ServeArgs, environment: &Environment) -> Result<(), Error> {
    let settings = args.load(environment)?;
    let log = logging::start(&settings.log)?;
    descriptors::raise_limit(settings.http.max_connections.get());
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime
        .worker_threads(settings.cores())
        .enable_all()
        .thread_name("comporta")
        .build()
        .map_err(Error::Runtime)?;
    let mut reload = Reload::new(args, environment, log, settings.clone());
    let ended = runtime.block_on(run_roles(settings, &mut reload));
    reload.log().hand_on();
    ended
}

async fn run_roles(settings: Settings, reload: &mut Reload<'_>) -> Result<(), Error> {
    // First of all: a signal that comes while the database is opened must not kill the process unasked.
    let mut signals = Signals::listen().map_err(Error::Runtime)?;
    let metrics = Metrics::start();
    let app = App::open(settings, Clock::system(), Rng::system()).await?;
    let first = if app.settings.first_run { first_run::run(&app).await? } else { None };
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let mut gateway = open_gateway(&app, reload.log(), &stop, &mut tasks).await?;
    let public = gateway.as_ref().map(Gateway::address);
    if gateway.is_none() && app.serves() {
        open_services(&app, &stop, &mut tasks).await?;
    }
    let (reloads, mut asked) = crate::reload::channel();
    let private = bind(app.settings.private_listen).await?;
    let ids = IdSource::new(app.clock.clone(), app.rng.clone());
    let private_address = local_address(&private);
    tasks.spawn(serve(
        private,
        private::private_router(&app, gateway.as_ref().map(Gateway::view), metrics.clone(), reloads, ids),
        limits(&app.settings),
        stop.clone(),
    ));
    start_workers(&app, metrics, &stop, &mut tasks)?;
    greeting::tell(&app, public, private_address, first.as_ref(), io::stdout().is_terminal())?;

    let ended = tokio::select! {
        () = signals.until_told_to_stop(reload, &mut asked, gateway.as_mut()) => Ok(()),
        // Every task runs until told to stop: one that ended has failed, and half a process is worse than none.
        _ = tasks.join_next() => Err(Error::TaskEnded),
    };
    tracing::info!("stopping: requests in flight are finished first");
    let grace = app.settings.http.shutdown_grace.duration();
    if let Some(gateway) = gateway {
        // First, with everything behind it still at work: what is in flight is to be answered.
        let _ = tokio::task::spawn_blocking(move || gateway.stop(grace)).await;
    }
    stop.cancel();
    let all = async {
        while tasks.join_next().await.is_some() {}
        app.db.close().await;
    };
    if tokio::time::timeout(grace, all).await.is_err() {
        tracing::warn!("what had not ended was cut off; a job goes on elsewhere, or at the next start");
    }
    tracing::info!("stopped");
    ended
}

/// The gateway, where its role runs, and what follows keys for it.
async fn open_gateway(
    app: &App,
    log: &Log,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<Option<Gateway>, Error> {
    if !app.runs(Role::Gateway) {
        return Ok(None);
    }
    let ring = follow_keys(app, stop, tasks).await?;
    let traces = trace_export::open(&app.settings.tracing)?.map(|(traces, exporter)| {
        tasks.spawn(exporter.run(stop.clone()));
        traces
    });
    Ok(Some(wiring::gateway::start(app, &ring, log.access(), traces, Handle::current())?))
}

/// The listener of services whose gateway runs elsewhere.
async fn open_services(app: &App, stop: &CancellationToken, tasks: &mut JoinSet<()>) -> Result<(), Error> {
    let ring = follow_keys(app, stop, tasks).await?;
    let listener = bind(app.settings.service_listen).await?;
    tracing::info!(address = %local_address(&listener), "serving gateways of this installation");
    let ids = IdSource::new(app.clock.clone(), app.rng.clone());
    let router = service_listener::router(app, &ring, ids);
    tasks.spawn(serve(listener, router, limits(&app.settings), stop.clone()));
    Ok(())
}

/// Companies' keys and our own signing keys, following the database until told to stop.
async fn follow_keys(app: &App, stop: &CancellationToken, tasks: &mut JoinSet<()>) -> Result<KeyRing, Error> {
    let ring = app.key_ring().await?;
    let (follower, until) = (ring.clone(), stop.clone());
    tasks.spawn(async move { follower.follow(until).await });
    let (follower, until) = (app.signing_keys.clone(), stop.clone());
    tasks.spawn(async move { follower.follow(until).await });
    Ok(ring)
}

/// The consolidator and the durable jobs, where the jobs' role runs; the upkeep of metrics everywhere.
fn start_workers(
    app: &App,
    metrics: Metrics,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<(), Error> {
    if app.runs(Role::Jobs) {
        let (ledger, token) = (app.ledger.clone(), stop.clone());
        let interval = app.settings.ledger.consolidate_every.duration();
        tasks.spawn(async move { ledger.consolidate_until(token, interval).await });
        let (worker, token) = (app.worker()?, stop.clone());
        tasks.spawn(worker.run(token.cancelled_owned()));
    }
    let token = stop.clone();
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_secs(5));
        while token.run_until_cancelled(ticks.tick()).await.is_some() {
            metrics.upkeep();
        }
    });
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

fn local_address(listener: &TcpListener) -> SocketAddr {
    // A bound listener has an address; the fallback only keeps this from being a panic.
    listener.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
}

fn limits(settings: &Settings) -> Limits {
    let http = &settings.http;
    Limits {
        connections: http.max_connections.get(),
        header_timeout: http.header_timeout.duration(),
        grace: http.shutdown_grace.duration(),
    }
}
