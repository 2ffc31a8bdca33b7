//! The gateway as the program holds it: its cores, what a reload changes, and its end.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use comporta_kernel::{Clock, Rng};
use comporta_meter::Meter;
use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::cluster::TargetStatus;
use crate::compile::{Compiled, compile};
use crate::config::{self, Config};
use crate::connections::Patience;
use crate::core::{Core, Shared};
use crate::counts::Counts;
use crate::credential::Signer;
use crate::fault::Fault;
use crate::issuers::{Companies, LocalIssuer};
use crate::limit::{Limiter, Limits};
use crate::listener::Listeners;
use crate::ports::{AccessLog, FailureSink, Keys, Plans, Quotas, Service};
use crate::request_log::{Logger, RequestLogging};
use crate::serve::serve;
use crate::tracer::{Tracer, Tracing};

/// The pause after `accept` fails, for instance because no descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a gateway that stops waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// For one more request on each connection between two requests. With its answer the caller is told to connect anew,
    /// so that none meets a closing connection; those that bring none are closed then.
    pub last_call: Duration,
    /// For everything to end, all in all.
    pub grace: Duration,
}

/// What bounds a gateway; unlike its routes, the same until the process ends.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections at once.
    pub max_connections: usize,
    /// How long a caller may take for what.
    pub patience: Patience,
    /// Largest request body where a route says nothing, in bytes.
    pub body_limit: u64,
    /// Calls of one service at once.
    pub service_calls: usize,
}

/// What the gateway asks of the rest of the program.
pub struct Neighbours {
    /// Who holds which key.
    pub keys: Arc<dyn Keys>,
    /// Which company is on which plan.
    pub plans: Arc<dyn Plans>,
    /// What is left of companies' quotas.
    pub quotas: Arc<dyn Quotas>,
    /// Which companies are active.
    pub companies: Arc<dyn Companies>,
    /// The installation's own signing keys.
    pub signer: Arc<dyn Signer>,
    /// The installation's own issuer of tokens, with its settings; `None` for none.
    pub local_issuer: Option<(config::Issuer, Arc<dyn LocalIssuer>)>,
    /// Every service there is by name; `None` for those that do not run in this process.
    pub services: BTreeMap<&'static str, Option<Arc<dyn Service>>>,
    /// Counts what companies are served; `None` counts nothing.
    pub meter: Option<Meter>,
    /// Where access lines go; `None` for nowhere.
    pub access: Option<Arc<dyn AccessLog>>,
    /// Where spans go; `None` records none.
    pub tracing: Option<Tracing>,
    /// Where logged requests go; `None` logs none.
    pub request_log: Option<RequestLogging>,
    /// Who is told of failures of ours.
    pub failures: Option<Arc<dyn FailureSink>>,
    /// The runtime of the services.
    pub runtime: Handle,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub rng: Rng,
}

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its settings have faults.
    #[error("the gateway's settings have {} faults, the first: {}", .0.len(), .0[0])]
    Settings(Vec<Fault>),
    /// A core has no thread or runtime.
    #[error("cannot start a core of the gateway")]
    Core(#[source] io::Error),
    /// A core has nothing to count with.
    #[error("cannot make the files that calls are counted in")]
    Meter(#[source] io::Error),
}

/// A gateway that serves.
pub struct Gateway {
    address: SocketAddr,
    shared: Arc<Shared>,
    cores: Vec<Arc<Core>>,
    threads: Vec<JoinHandle<()>>,
    stop: CancellationToken,
    /// Ends the cores, with whatever is still in flight.
    end: CancellationToken,
    neighbours: Neighbours,
    options: Options,
    /// Ends what watches the targets of the routes in force.
    watching: CancellationToken,
}

impl Gateway {
    /// Serves whoever connects to `listeners`, with as many threads as they have cores.
    ///
    /// # Errors
    /// Faults of the settings, before anybody is accepted; threads that cannot be had.
    pub fn start(
        listeners: &Listeners,
        options: Options,
        config: &Config,
        neighbours: Neighbours,
    ) -> Result<Self, StartError> {
        let _runtime = neighbours.runtime.enter();
        let compiled = compile(config, &options, &neighbours, None).map_err(StartError::Settings)?;
        let shared =
            config.redis_url.as_ref().map(|url| crate::limit::Shared::connect(url, &neighbours.runtime));
        let shared = shared.transpose();
        let shared = shared.map_err(|error| StartError::Settings(vec![Fault::at("redis.url", error)]))?;
        let limits = Limits::new(Limiter::new(neighbours.rng.bytes()), shared);
        let sockets = (0..listeners.cores()).map(|core| listeners.of_core(core));
        let sockets = sockets.collect::<io::Result<Vec<_>>>().map_err(StartError::Core)?;
        let shared = Arc::new(Shared {
            plane: ArcSwap::from(Arc::clone(&compiled.plane)),
            keys: Arc::clone(&neighbours.keys),
            plans: Arc::clone(&neighbours.plans),
            quotas: Arc::clone(&neighbours.quotas),
            limits,
            access: Access::new(neighbours.access.clone(), neighbours.clock.clone()),
            tracer: neighbours.tracing.as_ref().map(Tracer::new),
            request_log: neighbours.request_log.as_ref().map(Logger::new),
            failures: neighbours.failures.clone(),
            clock: neighbours.clock.clone(),
            services: neighbours.runtime.clone(),
            epoch: Instant::now(),
        });
        let core = |_| {
            let counter = neighbours.meter.as_ref().map(Meter::counter).transpose()?;
            Ok(Arc::new(Core::new(Arc::clone(&shared), options.patience, counter)))
        };
        let cores = sockets.iter().map(core).collect::<io::Result<Vec<_>>>().map_err(StartError::Meter)?;
        let mut gateway = Self {
            address: listeners.address(),
            cores,
            shared,
            threads: Vec::new(),
            stop: CancellationToken::new(),
            end: CancellationToken::new(),
            watching: CancellationToken::new(),
            neighbours,
            options,
        };
        gateway.watch(compiled);
        for (sockets, core) in sockets.into_iter().zip(gateway.cores.clone()) {
            let (stop, end) = (gateway.stop.clone(), gateway.end.clone());
            let room = Room { cores: gateway.cores.clone(), most: options.max_connections };
            gateway.threads.push(run_core(core, sockets, room, stop, end).map_err(StartError::Core)?);
        }
        Ok(gateway)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes new routes, all at once; connections stay.
    ///
    /// # Errors
    /// Every fault; what was in force stays.
    pub fn reload(&mut self, config: &Config) -> Result<(), Vec<Fault>> {
        let _runtime = self.neighbours.runtime.enter();
        let before = self.shared.plane.load_full();
        let compiled = compile(config, &self.options, &self.neighbours, Some(&before))?;
        self.shared.plane.store(Arc::clone(&compiled.plane));
        self.watch(compiled);
        Ok(())
    }

    /// What operators may see of it while it serves.
    #[must_use]
    pub fn view(&self) -> View {
        let counts = self.cores.iter().map(|core| Arc::clone(&core.counts)).collect();
        View { shared: Arc::clone(&self.shared), counts }
    }

    /// Stops accepting, lets what is in flight end, and returns when it has, or the time is up. Blocks.
    pub fn stop(self, drain: Drain) {
        self.stop.cancel();
        let began = Instant::now();
        self.cores.iter().for_each(|core| core.connections.drain());
        self.wait_until(began + drain.last_call.min(drain.grace));
        self.cores.iter().for_each(|core| core.connections.close_idle());
        self.wait_until(began + drain.grace);
        self.watching.cancel();
        let cut_off = self.open_connections();
        if cut_off > 0 {
            tracing::warn!(connections = cut_off, "requests still in flight were cut off");
        }
        self.end.cancel();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a core of the gateway panicked");
            }
        }
        // With their threads went the last requests.
        self.cores.iter().for_each(|core| core.meter.close());
    }

    /// Waits for the last connection to end.
    fn wait_until(&self, end: Instant) {
        while self.open_connections() > 0 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn open_connections(&self) -> u32 {
        self.cores.iter().map(|core| core.connections.count()).sum()
    }

    /// Watches the targets of the routes in force, and those before no longer.
    fn watch(&mut self, compiled: Compiled) {
        let before = std::mem::replace(&mut self.watching, CancellationToken::new());
        compiled.watch(&self.neighbours.runtime, &self.watching);
        before.cancel();
    }
}

/// A look at a gateway that serves.
#[derive(Clone, Debug)]
pub struct View {
    shared: Arc<Shared>,
    counts: Arc<[Arc<Counts>]>,
}

impl View {
    /// The targets of each upstream and how they fare.
    #[must_use]
    pub fn upstreams(&self) -> BTreeMap<String, Vec<TargetStatus>> {
        let now = u64::try_from(self.shared.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let plane = self.shared.plane.load();
        plane.remotes.iter().map(|(name, remote)| (name.clone(), remote.cluster.describe(now))).collect()
    }

    /// Requests that are being answered.
    #[must_use]
    pub fn requests_in_flight(&self) -> u32 {
        self.counts.iter().map(|counts| counts.in_flight()).sum()
    }

    /// When the public listener's certificate ends, in seconds since 1970; `None` without TLS.
    #[must_use]
    pub fn certificate_ends(&self) -> Option<i64> {
        self.shared.plane.load().tls.as_ref().map(|tls| tls.ends)
    }

    /// The routes in force, as the settings have them; secrets do not show.
    #[must_use]
    pub fn routes(&self) -> Arc<[config::Route]> {
        Arc::clone(&self.shared.plane.load().settings)
    }
}

/// How many connections all cores may have together: the kernel does not spread them evenly.
struct Room {
    cores: Vec<Arc<Core>>,
    most: usize,
}

impl Room {
    fn is_full(&self) -> bool {
        self.cores.iter().map(|core| core.connections.count() as usize).sum::<usize>() >= self.most
    }
}

/// The thread of a core.
fn run_core(
    core: Arc<Core>,
    sockets: Vec<TcpListener>,
    room: Room,
    stop: CancellationToken,
    end: CancellationToken,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("gateway".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::spawn(tick(Arc::clone(&core)));
            join_all(sockets.into_iter().map(|socket| accept(&core, socket, &room, &stop))).await;
            // What is in flight goes on meanwhile.
            end.cancelled().await;
        });
    })
}

async fn tick(core: Arc<Core>) {
    let mut ticks = tokio::time::interval(crate::deadline::TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for count in 0.. {
        ticks.tick().await;
        core.tick(count);
    }
}

async fn accept(core: &Arc<Core>, socket: TcpListener, room: &Room, stop: &CancellationToken) {
    let listener = match tokio::net::TcpListener::from_std(socket) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "a core cannot listen"),
    };
    loop {
        match stop.run_until_cancelled(listener.accept()).await {
            None => return,
            Some(Ok((stream, peer))) => {
                // What is over the bound waits: this one here, those behind it in the kernel's queue.
                while room.is_full() && !stop.is_cancelled() {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                let open = core.connections.open();
                tokio::spawn(serve(Arc::clone(core), open, stream, peer));
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighbours").field("services", &self.services.keys()).finish_non_exhaustive()
    }
}
