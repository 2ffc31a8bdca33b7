//! `comporta serve`: runs the roles of the settings until told to stop.

mod descriptors;
mod files;
mod greeting;
mod reload;
mod restart;
mod signals;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use axum::Router;
use comporta_gateway::{Drain, Gateway, Listeners, Tracing};
use comporta_jobs::Worker;
use comporta_kernel::{Clock, Rng};
use comporta_meter::{Meter, Options as MeterOptions};
use comporta_partners::KeyRing;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::reload::Reload;
use self::restart::Restart;
use self::signals::{Ending, Signals};
use super::Error;
use crate::arguments::ServeArgs;
use crate::doors::{Doors, Inherited};
use crate::handover::{Predecessor, Program};
use crate::logging::Log;
use crate::metrics::Metrics;
use crate::sentry::{self, Reports};
use crate::server::{Limits, Stopped, serve};
use crate::settings::{Environment, Role, Settings};
use crate::supervisor::{self, Supervisor};
use crate::wiring::App;
use crate::wiring::gateway::Outlets;
use crate::{
    alerts, emf, first_run, gauges, logging, private, request_log, service_listener, trace_export, wiring,
};

/// How long a process that stops waits for one more request on each idle connection. See [`Drain`].
const LAST_CALL: Duration = Duration::from_secs(1);

/// Reads the settings, starts the log, and serves until SIGTERM or SIGINT, or until another process has taken over.
///
/// # Errors
/// Faults of the settings; a database or a listener that cannot be opened.
pub fn run(args: &ServeArgs, environment: &Environment) -> Result<(), Error> {
    let mut start = Start::of_process(environment)?;
    let ended = run_process(args, environment, &mut start);
    if let (Err(error), Some(predecessor)) = (&ended, start.predecessor.take()) {
        predecessor.failed(&error.report());
    }
    ended
}

fn run_process(args: &ServeArgs, environment: &Environment, start: &mut Start) -> Result<(), Error> {
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
    let ended = runtime.block_on(run_roles(settings, &mut reload, start));
    reload.log().hand_on();
    ended
}

/// What this process has from whoever started it.
struct Start {
    program: Program,
    supervisor: Supervisor,
    /// Who waits to be replaced, until this process serves.
    predecessor: Option<Predecessor>,
    inherited: Vec<Inherited>,
}

impl Start {
    fn of_process(environment: &Environment) -> Result<Self, Error> {
        let program = Program::of_process().map_err(Error::Runtime)?;
        let supervisor = Supervisor::of(environment);
        let (predecessor, inherited) = match Predecessor::find(environment)? {
            Some((predecessor, inherited)) => (Some(predecessor), inherited),
            None => (None, supervisor::sockets(environment)?),
        };
        Ok(Self { program, supervisor, predecessor, inherited })
    }

    /// Tells them that this process serves.
    fn ready(&mut self) {
        match self.predecessor.take() {
            // It tells the supervisor whom to watch from now on.
            Some(predecessor) => predecessor.ready(),
            None => self.supervisor.ready(),
        }
    }
}

async fn run_roles(settings: Settings, reload: &mut Reload<'_>, start: &mut Start) -> Result<(), Error> {
    // First of all: a signal that comes while the database is opened must not kill the process unasked.
    let mut signals = Signals::listen().map_err(Error::Runtime)?;
    let metrics = Metrics::start();
    let app = App::open(settings, Clock::system(), Rng::system()).await?;
    app.partners.note_pepper().await?;
    let first = if app.settings.first_run { first_run::run(&app).await? } else { None };
    let doors = Doors::open(&app.settings, std::mem::take(&mut start.inherited))?;
    let (stop, mut tasks) = (Stop::new(), JoinSet::new());
    let failures = open_sentry(&app, &stop, &mut tasks)?;
    let watch = alerts::open(&app, metrics.clone(), stop.work.clone())?;
    let worker = app.runs(Role::Jobs).then(|| app.worker()).transpose()?;
    // Whatever may fail comes before anybody is accepted: who waits in a socket is not lost with this process.
    let public = doors.public.as_ref();
    let traces = open_traces(&app, &stop, &mut tasks)?;
    let told = Told { log: reload.log(), failures: failures.clone(), traces };
    let mut gateway = open_gateway(&app, public, &told, &stop, &mut tasks).await?;
    if let Some(services) = &doors.services {
        open_services(&app, services, told, &stop, &mut tasks).await?;
    }
    let (reloads, mut asked) = crate::reload::channel();
    let view = gateway.as_ref().map(Gateway::view);
    if let Some(view) = &view {
        metrics.watch(view.clone());
    }
    let router = private::private_router(&app, view, metrics.clone(), reloads, app.ids());
    let router = sentry::watch(router, failures);
    listen(&doors.private, &router, &app.settings, stop.listeners.subscribe(), &mut tasks)?;
    greeting::tell(&app, &doors, first.as_ref(), io::stdout().is_terminal() && start.predecessor.is_none())?;
    start.ready();
    // Last: nobody waits for it, and the first requests do not wait behind it.
    start_workers(&app, worker, &metrics, &stop.work, &mut tasks);
    tasks.spawn(gauges::keep_until(app.clone(), stop.work.clone()));
    if let Some(watch) = watch {
        tasks.spawn(watch);
    }
    let settings = &app.settings;
    let (emf, installation) = (settings.metrics.clone(), settings.alerts.installation.clone());
    tasks.spawn(emf::tell_until(emf, installation, metrics, app.clock.clone(), stop.work.clone()));

    let mut restart = Restart::new(&start.program, &doors, &start.supervisor, &app.settings.http);
    let ended = tokio::select! {
        ending = signals.until_the_end(reload, &mut restart, &mut asked, gateway.as_mut(), &start.supervisor) => Ok(ending),
        // Every task runs until told to stop: one that ended has failed, and half a process is worse than none.
        _ = tasks.join_next() => Err(Error::TaskEnded),
    };
    let replaced = matches!(ended, Ok(Ending::Replaced));
    if !replaced {
        start.supervisor.stopping();
    }
    // Nobody is accepted any more; who waits for a reload is told that none will come.
    drop((doors, asked));
    end(app, gateway, stop, tasks, replaced).await;
    ended.map(drop)
}

/// Where what happens to requests is told.
struct Told<'a> {
    log: &'a Log,
    failures: Option<Reports>,
    traces: Option<Tracing>,
}

/// What tells the parts of the process to stop.
struct Stop {
    /// Background work.
    work: CancellationToken,
    /// Listeners other than the gateway's.
    listeners: crate::server::Stop,
    /// What requests in flight need.
    rest: CancellationToken,
}

impl Stop {
    fn new() -> Self {
        let rest = CancellationToken::new();
        Self { work: rest.child_token(), listeners: watch::Sender::new(None), rest }
    }
}

/// Lets what is in flight end, and everything with it.
async fn end(app: App, gateway: Option<Gateway>, stop: Stop, mut tasks: JoinSet<()>, replaced: bool) {
    // With its id, for two processes write to one log when another one takes over.
    let pid = std::process::id();
    tracing::info!(pid, "stopping: requests in flight are finished first");
    let grace = app.settings.http.shutdown_grace.duration();
    // Nobody waits for the end of a process that another one has replaced.
    let last_call = if replaced { grace / 2 } else { LAST_CALL.min(grace / 2) };
    let drain = Drain { last_call, grace };
    if replaced {
        // It does these things, and listens there too: nobody shall find the one that leaves.
        stop.work.cancel();
        stop.listeners.send_replace(Some(drain));
    }
    if let Some(gateway) = gateway {
        // First, with everything behind it still at work: what is in flight is to be answered.
        let _ = tokio::task::spawn_blocking(move || gateway.stop(drain)).await;
    }
    stop.listeners.send_replace(Some(drain));
    stop.rest.cancel();
    let all = async {
        while tasks.join_next().await.is_some() {}
        app.db.close().await;
    };
    if tokio::time::timeout(grace, all).await.is_err() {
        tracing::warn!("what had not ended was cut off; a job goes on elsewhere, or at the next start");
    }
    tracing::info!(pid, "stopped");
}

/// The gateway, where its role runs, and what follows keys for it.
async fn open_gateway(
    app: &App,
    listeners: Option<&Listeners>,
    told: &Told<'_>,
    stop: &Stop,
    tasks: &mut JoinSet<()>,
) -> Result<Option<Gateway>, Error> {
    let Some(listeners) = listeners else { return Ok(None) };
    let ring = follow_keys(app, &stop.rest, tasks).await?;
    let quotas = app.quotas();
    let (keeper, until) = (quotas.clone(), stop.rest.clone());
    tasks.spawn(async move { keeper.keep(until).await });
    let meter = open_meter(app, listeners.cores(), &stop.rest, tasks)?;
    let requests = request_log::open(&app.settings.request_log, app.request_log.clone(), app.ids());
    let requests = requests.map(|(requests, writer)| {
        tasks.spawn(writer.run(stop.rest.clone()));
        requests
    });
    let asked = wiring::gateway::Asked { keys: ring, quotas, meter };
    let (tracing, failures) = (told.traces.clone(), told.failures.clone());
    let outlets = Outlets { access: told.log.access(), tracing, requests, failures };
    Ok(Some(wiring::gateway::start(app, listeners, asked, outlets, Handle::current())?))
}

/// The meter, unless the settings do without, and what writes its counts to the database: when everything has stopped.
fn open_meter(
    app: &App,
    cores: usize,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<Option<Meter>, Error> {
    let settings = &app.settings.meter;
    if !settings.enabled {
        return Ok(None);
    }
    let options =
        MeterOptions { cores, disk: settings.disk.bytes(), hand_over_every: settings.flush_every.duration() };
    let instance = app.ids().uuid();
    let (meter, outlet) = Meter::open(&app.settings.meter_folder(), instance, options)?;
    tasks.spawn(app.usage.clone().empty_until(outlet, stop.clone()));
    Ok(Some(meter))
}

/// Where spans go, if the settings name a collector, and what sends them there: what is told last goes last.
fn open_traces(app: &App, stop: &Stop, tasks: &mut JoinSet<()>) -> Result<Option<Tracing>, Error> {
    let opened = trace_export::open(&app.settings.tracing)?;
    Ok(opened.map(|(traces, exporter)| {
        tasks.spawn(exporter.run(stop.rest.clone()));
        traces
    }))
}

/// Who tells people of failures, if the settings name a way.
fn open_sentry(app: &App, stop: &Stop, tasks: &mut JoinSet<()>) -> Result<Option<Reports>, Error> {
    let opened = sentry::open(&app.settings.sentry, app.clock.clone(), app.rng.clone())?;
    Ok(opened.map(|(reports, sender)| {
        tasks.spawn(sender.run(stop.rest.clone()));
        reports.clone().tell_panics();
        reports
    }))
}

/// The listener of services whose gateway runs elsewhere.
async fn open_services(
    app: &App,
    listeners: &Listeners,
    told: Told<'_>,
    stop: &Stop,
    tasks: &mut JoinSet<()>,
) -> Result<(), Error> {
    let ring = follow_keys(app, &stop.rest, tasks).await?;
    tracing::info!(address = %listeners.address(), "serving gateways of this installation");
    let spans = told.traces.map(|traces| app.spans(&traces));
    let router = service_listener::router(app, &ring, app.ids(), spans.as_ref());
    let router = sentry::watch(router, told.failures);
    listen(listeners, &router, &app.settings, stop.listeners.subscribe(), tasks)
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
    worker: Option<Worker>,
    metrics: &Metrics,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) {
    // Whoever ran here before, with the gateway or without.
    tasks.spawn(app.usage.clone().adopt_until(app.settings.meter_folder(), stop.clone()));
    if let Some(worker) = worker {
        let (ledger, token) = (app.ledger.clone(), stop.clone());
        let interval = app.settings.ledger.consolidate_every.duration();
        tasks.spawn(async move { ledger.consolidate_until(token, interval).await });
        tasks.spawn(worker.run(stop.clone().cancelled_owned()));
        if let Some(backups) = app.backups.clone() {
            let token = stop.clone();
            tasks.spawn(async move { backups.watch_until(token).await });
        }
    }
    if app.runs(Role::Boletos) {
        tasks.spawn(app.import_worker().run(stop.clone().cancelled_owned()));
    }
    let (metrics, token) = (metrics.clone(), stop.clone());
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_secs(5));
        while token.run_until_cancelled(ticks.tick()).await.is_some() {
            metrics.upkeep();
        }
    });
}

/// Serves a router on every socket of a listener until told to stop.
fn listen(
    listeners: &Listeners,
    router: &Router,
    settings: &Settings,
    stop: Stopped,
    tasks: &mut JoinSet<()>,
) -> Result<(), Error> {
    for socket in listeners.of_core(0).map_err(Error::Runtime)? {
        let socket = TcpListener::from_std(socket).map_err(Error::Runtime)?;
        tasks.spawn(serve(socket, router.clone(), limits(settings), stop.clone()));
    }
    Ok(())
}

fn limits(settings: &Settings) -> Limits {
    let http = &settings.http;
    Limits { connections: http.max_connections.get(), header_timeout: http.header_timeout.duration() }
}
