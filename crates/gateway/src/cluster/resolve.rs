//! Names of targets, looked up again as they age; when DNS fails, the last good addresses stay.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use comporta_kernel::Causes;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Cluster, Target};

/// How old addresses grow.
const REFRESH: Duration = Duration::from_secs(30);
/// However many connections fail, and however DNS does, a name is not looked up more often.
const MOST_OFTEN: Duration = Duration::from_secs(1);
/// The system's own patience may be a minute.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where names are looked up.
#[async_trait]
pub(crate) trait Lookup: Send + Sync {
    /// The addresses of a name.
    ///
    /// # Errors
    /// When DNS does not answer, or knows no such name.
    async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dns;

#[async_trait]
impl Lookup for Dns {
    async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// Keeps the addresses of a cluster's names fresh until `shutdown`: every 30 s, and after a connection failed. Its
/// place is the services' runtime, not a proxy core.
pub(crate) async fn follow_names(
    cluster: Arc<Cluster>,
    lookup: Arc<dyn Lookup>,
    shutdown: CancellationToken,
) {
    let named = cluster.targets.iter().filter(|target| target.literal().is_none());
    let follow = |target| Followed { upstream: &cluster.name, target, lookup: &*lookup, failures: 0 };
    let mut names: Vec<_> = named.map(follow).collect();
    let following = async {
        let unknown = names.iter_mut().filter(|name| !name.target.has_address());
        join_all(unknown.map(Followed::refresh)).await;
        cluster.looked_up.cancel();
        join_all(names.iter_mut().map(Followed::follow)).await;
    };
    shutdown.run_until_cancelled(following).await;
    cluster.looked_up.cancel();
}

impl Cluster {
    /// Waits until every name was looked up once, whatever came of it; five seconds at most. For requests that come
    /// in the first moments of a process, or of a new upstream, and find [`super::NoTarget::Unresolved`].
    pub(crate) async fn looked_up(&self) {
        // A name server that hangs is no better than none.
        let _: Result<(), _> = timeout(PATIENCE, self.looked_up.cancelled()).await;
    }
}

/// A target whose name is looked up, and how often that failed in a row.
struct Followed<'a> {
    upstream: &'a str,
    target: &'a Target,
    lookup: &'a dyn Lookup,
    failures: u32,
}

impl Followed<'_> {
    async fn follow(&mut self) {
        loop {
            self.pause().await;
            self.refresh().await;
        }
    }

    /// Looks the name up; the log tells when trouble begins and when it ends.
    async fn refresh(&mut self) {
        let Self { upstream, target, lookup, failures } = self;
        match look_up(target, *lookup).await {
            Ok(found) => {
                if std::mem::take(failures) > 0 {
                    tracing::info!(upstream, host = target.host(), "a target's name is found again");
                }
                target.found(found);
            }
            Err(error) => {
                if *failures == 0 {
                    tracing::warn!(
                        upstream,
                        host = target.host(),
                        has_address = target.has_address(),
                        error = %Causes(&error),
                        "a target's name is not found: the last good addresses stay"
                    );
                }
                *failures = failures.saturating_add(1);
            }
        }
    }

    /// Waits until the addresses are old, or a connection fails; after failures 1, 2, 4 … seconds.
    async fn pause(&self) {
        let again = match self.failures {
            0 => REFRESH,
            failures => REFRESH.min(MOST_OFTEN * (1 << (failures - 1).min(5))),
        };
        let began = Instant::now();
        sleep_until(began + MOST_OFTEN).await;
        // Either is a reason to go on.
        let _: Result<(), _> = timeout_at(began + again, self.target.state.may_have_moved.notified()).await;
    }
}

/// The addresses of a target's name; that there are none is an error as well.
async fn look_up(target: &Target, lookup: &dyn Lookup) -> io::Result<Vec<SocketAddr>> {
    let found = timeout(PATIENCE, lookup.look_up(target.host(), target.port())).await??;
    if found.is_empty() { Err(io::Error::other("no address")) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::NoTarget;
    use super::super::tests::upstream;
    use super::*;

    /// A name server that says what it is told to, and counts.
    #[derive(Default)]
    struct Script {
        asked: Mutex<u32>,
        answer: Mutex<Vec<SocketAddr>>,
    }

    impl Script {
        fn asked(&self) -> u32 {
            *self.asked.lock().unwrap()
        }

        fn answer(&self, addresses: &[&str]) {
            *self.answer.lock().unwrap() = addresses.iter().map(|text| text.parse().unwrap()).collect();
        }
    }

    #[async_trait]
    impl Lookup for Script {
        async fn look_up(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
            *self.asked.lock().unwrap() += 1;
            Ok(self.answer.lock().unwrap().clone())
        }
    }

    async fn seconds(count: u64) {
        tokio::time::sleep(Duration::from_secs(count)).await;
    }

    fn followed() -> (Arc<Cluster>, Arc<Script>, CancellationToken) {
        let upstream = upstream(&["http://a.example.com:80", "http://10.0.0.9:80"]);
        let cluster = Cluster::new("u", &upstream, None).unwrap();
        let (script, shutdown) = (Arc::new(Script::default()), CancellationToken::new());
        script.answer(&["10.0.0.1:80"]);
        tokio::spawn(follow_names(Arc::clone(&cluster), script.clone(), shutdown.clone()));
        (cluster, script, shutdown)
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_followed_and_kept_when_dns_fails() {
        let (cluster, script, shutdown) = followed();
        let target = &cluster.targets[0];
        seconds(1).await;
        assert_eq!((script.asked(), target.addresses().len()), (1, 1), "an address needs no look-up");
        script.answer(&["10.0.0.2:80", "10.0.0.3:80"]);
        seconds(30).await;
        assert_eq!((script.asked(), target.addresses().len()), (2, 2));
        script.answer(&[]);
        seconds(60).await;
        assert_eq!(target.addresses().len(), 2);
        script.answer(&["10.0.0.4:80"]);
        seconds(31).await;
        assert_eq!(target.addresses(), ["10.0.0.4:80".parse().unwrap()]);
        shutdown.cancel();
    }

    #[tokio::test(start_paused = true)]
    async fn failed_connections_cause_one_look_up_a_second_at_most() {
        let (cluster, script, _shutdown) = followed();
        seconds(5).await;
        assert_eq!(script.asked(), 1);
        for _ in 0..100 {
            cluster.targets[0].state.may_have_moved.notify_one();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!((4..=6).contains(&(script.asked() - 1)), "{}", script.asked());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_of_the_first_moment_waits_for_the_first_look_up() {
        let cluster = Cluster::new("u", &upstream(&["http://a.example.com"]), None).unwrap();
        assert_eq!(cluster.pick(0, 0, 0).unwrap_err(), NoTarget::Unresolved);
        let began = Instant::now();
        cluster.looked_up().await;
        assert_eq!(began.elapsed(), PATIENCE, "nobody looks it up");
        let script = Arc::new(Script::default());
        script.answer(&["10.0.0.1:80"]);
        tokio::spawn(follow_names(Arc::clone(&cluster), script, CancellationToken::new()));
        let began = Instant::now();
        cluster.looked_up().await;
        assert!(began.elapsed() < MOST_OFTEN);
        assert_eq!(cluster.pick(0, 0, 0).unwrap().address(), "10.0.0.1:80".parse().unwrap());
    }

    #[tokio::test]
    async fn the_systems_resolver_knows_localhost() {
        let found = Dns.look_up("localhost", 81).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 81));
        assert!(!found.is_empty());
    }
}
