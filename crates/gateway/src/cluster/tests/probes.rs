//! Probed targets are left out when they die, and come back, in time.

use std::sync::Mutex;

use async_trait::async_trait;
use comporta_kernel::Rng;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::super::health::Probe;
use super::super::{Target, watch};
use super::*;

/// Who is dead, by URL; a probe of this sort asks nobody over a wire.
#[derive(Default)]
struct World {
    dead: Mutex<Vec<String>>,
    probes: Mutex<Vec<Instant>>,
    hangs: bool,
}

#[async_trait]
impl Probe for World {
    async fn probe(&self, target: &Target, path: &str) -> bool {
        assert_eq!(path, "/healthz");
        self.probes.lock().unwrap().push(Instant::now());
        let is_dead = self.dead.lock().unwrap().contains(&target.url().to_owned());
        if is_dead && self.hangs {
            std::future::pending::<()>().await;
        }
        !is_dead
    }
}

impl World {
    fn kill(&self, cluster: &Cluster, targets: std::ops::Range<usize>) {
        *self.dead.lock().unwrap() = cluster.targets[targets].iter().map(|t| t.url().to_owned()).collect();
    }
}

/// Two primaries and a backup, probed every two seconds; dead after two bad answers, back after two good ones.
async fn watched(world: World) -> (Arc<Cluster>, Arc<World>, CancellationToken) {
    let mut upstream = primaries_and_backups(2, 1);
    upstream.health = serde_json::from_value(json!({"path": "/healthz"})).unwrap();
    let (cluster, world, shutdown) = (cluster(&upstream), Arc::new(world), CancellationToken::new());
    tokio::spawn(watch(Arc::clone(&cluster), world.clone(), Rng::seeded(1), shutdown.clone()));
    sleep(Duration::from_secs(5)).await;
    (cluster, world, shutdown)
}

fn asked(cluster: &Arc<Cluster>) -> Vec<usize> {
    picked(cluster, 0, 50).into_keys().collect()
}

/// How long until just these are asked, while requests find out that connections fail.
async fn until_asked(cluster: &Arc<Cluster>, world: &World, expected: &[usize]) -> Duration {
    let (began, mut chance) = (Instant::now(), chance());
    while asked(cluster) != expected {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", cluster.describe(0));
        let pick = cluster.pick(chance(), 0, 0).unwrap();
        if world.dead.lock().unwrap().contains(&pick.target().url().to_owned()) {
            // This is about probes: failures must not add up to an ejection.
            pick.target().state.outlier.pardon();
            pick.report(Outcome::ConnectFailed, || 0);
        }
        drop(pick);
        sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

const INTERVAL: Duration = Duration::from_secs(2);

#[tokio::test(start_paused = true)]
async fn the_backup_serves_and_the_primaries_are_back_within_one_interval() {
    let (cluster, world, shutdown) = watched(World::default()).await;
    assert_eq!(asked(&cluster), [0, 1]);
    for _ in 0..10 {
        world.kill(&cluster, 0..2);
        let took = until_asked(&cluster, &world, &[2]).await;
        assert!(took <= INTERVAL, "{took:?}");
        sleep(Duration::from_millis(3_333)).await;
        world.kill(&cluster, 0..0);
        let took = until_asked(&cluster, &world, &[0, 1]).await;
        assert!(took <= INTERVAL, "{took:?}");
        sleep(Duration::from_millis(7_777)).await;
    }
    shutdown.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_target_that_hangs_is_dead_and_one_that_answers_again_is_back() {
    let (cluster, world, _shutdown) = watched(World { hangs: true, ..World::default() }).await;
    world.kill(&cluster, 0..1);
    sleep(3 * INTERVAL).await;
    assert_eq!(asked(&cluster), [1]);
    world.kill(&cluster, 0..0);
    sleep(INTERVAL).await;
    assert_eq!(asked(&cluster), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_target_counts_as_healthy_until_its_first_answers() {
    let mut upstream = primaries_and_backups(1, 1);
    upstream.health = serde_json::from_value(json!({"path": "/healthz", "every": "10s"})).unwrap();
    let cluster = cluster(&upstream);
    let (world, shutdown) = (Arc::new(World::default()), CancellationToken::new());
    world.kill(&cluster, 0..1);
    let watching = tokio::spawn(watch(Arc::clone(&cluster), world.clone(), Rng::seeded(1), shutdown.clone()));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(world.probes.lock().unwrap().len(), 2, "at once");
    assert_eq!(asked(&cluster), [0], "one bad answer is not enough");
    sleep(Duration::from_secs(5)).await;
    assert_eq!(asked(&cluster), [1]);
    shutdown.cancel();
    watching.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn healthy_targets_are_probed_at_the_set_pace_but_not_all_at_once() {
    let (_cluster, world, shutdown) = watched(World::default()).await;
    world.probes.lock().unwrap().clear();
    sleep(Duration::from_secs(200)).await;
    shutdown.cancel();
    let mut probes = world.probes.lock().unwrap().clone();
    assert!((280..=320).contains(&probes.len()), "{}", probes.len());
    probes.dedup();
    assert!(probes.len() > 250, "they drift apart: {}", probes.len());
}

#[tokio::test(start_paused = true)]
async fn a_target_that_died_and_came_back_has_served_its_ejection() {
    let (cluster, world, _shutdown) = watched(World::default()).await;
    world.kill(&cluster, 0..1);
    (0..5).for_each(|_| pick_of(&cluster, 0, 0).report(Outcome::ConnectFailed, || 0));
    assert_eq!(asked(&cluster), [1]);
    sleep(INTERVAL).await;
    world.kill(&cluster, 0..0);
    sleep(INTERVAL).await;
    assert_eq!(asked(&cluster), [0, 1], "although its ten seconds are not over");
}
