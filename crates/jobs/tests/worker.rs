//! Workers on both engines: each job once, leases, retries, the end of a process, and the schedule.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test they are the failure")]

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comporta_db::Db;
use comporta_jobs::{
    Context, EnqueueOptions, Job, JobError, Queue, Registry, Schedule, Worker, WorkerOptions,
};
use comporta_kernel::{Clock, IdSource, ManualClock, Rng, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(comporta_neighbours::fresh_sqlite_url()).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(comporta_neighbours::fresh_postgres_url()).await;
            })+
        }
    };
}

on_both_engines! {
    eight_workers_run_five_hundred_jobs_once_each,
    a_job_that_outlasts_its_lease_keeps_it,
    the_jobs_of_a_dead_process_are_taken_over,
    a_failed_job_is_tried_again_after_its_pause,
    a_job_that_panics_is_tried_again,
    a_job_is_given_up_at_its_last_attempt_or_when_it_says_so,
    a_stop_waits_for_what_runs_and_takes_nothing_new,
    jobs_that_come_in_crowds_leave_room_for_others,
    a_job_enqueued_here_starts_before_the_next_poll,
    two_processes_fire_a_schedule_once_a_day_across_a_change_of_clocks,
}

/// What the jobs did: how often each number ran.
type Runs = Arc<Mutex<BTreeMap<u32, u32>>>;

#[derive(Serialize, Deserialize)]
struct Count {
    number: u32,
    #[serde(default)]
    milliseconds: u64,
    #[serde(default)]
    ending: Ending,
}

#[derive(Serialize, Deserialize, Default, Clone, Copy)]
enum Ending {
    #[default]
    Well,
    WellTheSecondTime,
    PanicThenWell,
    NeverWell,
    GiveUp,
}

impl Job for Count {
    const NAME: &'static str = "count";
    const ATTEMPTS: u32 = 3;
    type State = Runs;

    async fn run(&self, context: &Context<Runs>) -> Result<(), JobError> {
        *context.state.lock().unwrap().entry(self.number).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(self.milliseconds)).await;
        assert_eq!(context.is_last, context.attempt == 3);
        match self.ending {
            Ending::WellTheSecondTime if context.attempt == 1 => Err(JobError::retry("not yet")),
            Ending::PanicThenWell if context.attempt == 1 => panic!("on purpose"),
            Ending::NeverWell => Err(JobError::retry("never")),
            Ending::GiveUp => Err(JobError::give_up("no use")),
            _ => Ok(()),
        }
    }
}

/// One of a crowd: two at once, however many there are.
#[derive(Serialize, Deserialize)]
struct InACrowd {
    milliseconds: u64,
}

const NOW: u32 = 1_001;
const MOST: u32 = 1_002;
const OVER: u32 = 1_003;

impl Job for InACrowd {
    const NAME: &'static str = "in_a_crowd";
    const AT_ONCE: usize = 2;
    type State = Runs;

    async fn run(&self, context: &Context<Runs>) -> Result<(), JobError> {
        {
            let mut runs = context.state.lock().unwrap();
            let now = runs.entry(NOW).or_default();
            *now += 1;
            let now = *now;
            let most = runs.entry(MOST).or_default();
            *most = now.max(*most);
        }
        tokio::time::sleep(Duration::from_millis(self.milliseconds)).await;
        let mut runs = context.state.lock().unwrap();
        *runs.entry(NOW).or_default() -= 1;
        *runs.entry(OVER).or_default() += 1;
        Ok(())
    }
}

fn count(number: u32, ending: Ending) -> Count {
    Count { number, milliseconds: 0, ending }
}

/// One process: its own connections and queue.
struct Process {
    db: Db,
    queue: Queue,
    runs: Runs,
    options: WorkerOptions,
}

impl Process {
    async fn open(url: &str, clock: &Clock, runs: &Runs) -> Self {
        let options = comporta_db::Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 };
        let db = Db::open(&options).await.unwrap();
        db.migrate().await.unwrap();
        let queue = Queue::new(clock.clone(), IdSource::new(clock.clone(), Rng::system()));
        let options =
            WorkerOptions { poll: Duration::from_millis(20), lease: Duration::from_secs(60), concurrency: 4 };
        Self { db, queue, runs: Arc::clone(runs), options }
    }

    async fn enqueue<J: Job>(&self, jobs: impl IntoIterator<Item = J>) {
        let mut tx = self.db.begin().await.unwrap();
        for job in jobs {
            assert!(self.queue.enqueue_in(&mut tx, &job, EnqueueOptions::default()).await.unwrap());
        }
        tx.commit().await.unwrap();
    }

    fn work(&self) -> Working {
        self.work_by(Schedule::new())
    }

    fn work_by(&self, schedule: Schedule) -> Working {
        let registry = Registry::new()
            .register::<Count>(Arc::clone(&self.runs))
            .register::<InACrowd>(Arc::clone(&self.runs));
        let (db, queue, rng) = (self.db.clone(), self.queue.clone(), Rng::seeded(1));
        let worker = Worker::new(db, queue, registry, schedule, rng, self.options);
        let (stop, stopped) = oneshot::channel::<()>();
        Working { stop, task: tokio::spawn(worker.run(async { drop(stopped.await) })) }
    }
}

struct Working {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Working {
    async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

fn at(instant: &str) -> (ManualClock, Clock) {
    let hand = ManualClock::at(instant.parse::<Timestamp>().unwrap());
    (hand.clone(), Clock::from(hand))
}

fn ran(runs: &Runs, number: u32) -> u32 {
    runs.lock().unwrap().get(&number).copied().unwrap_or(0)
}

async fn until(what: impl Fn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(30), async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.expect("it never came to be");
}

/// The same, while the clock moves on.
async fn until_ticking(hand: &ManualClock, what: impl Fn() -> bool) {
    until(|| {
        hand.advance(SignedDuration::from_millis(50));
        what()
    })
    .await;
}

/// Long enough for several polls: what has not happened by now will not.
fn a_while() -> impl Future<Output = ()> {
    tokio::time::sleep(Duration::from_millis(150))
}

async fn eight_workers_run_five_hundred_jobs_once_each(url: String) {
    let (clock, runs) = (Clock::system(), Runs::default());
    let first = Process::open(&url, &clock, &runs).await;
    let second = Process::open(&url, &clock, &runs).await;
    let workers: Vec<Working> = (0..8).map(|n| if n < 4 { first.work() } else { second.work() }).collect();
    first.enqueue((0..500).map(|number| count(number, Ending::Well))).await;
    until(|| runs.lock().unwrap().len() == 500).await;
    for worker in workers {
        worker.stop().await;
    }
    assert!(runs.lock().unwrap().values().all(|&times| times == 1));
}

async fn a_job_that_outlasts_its_lease_keeps_it(url: String) {
    let (clock, runs) = (Clock::system(), Runs::default());
    let mut first = Process::open(&url, &clock, &runs).await;
    let mut second = Process::open(&url, &clock, &runs).await;
    for process in [&mut first, &mut second] {
        process.options.lease = Duration::from_millis(1_500);
    }
    first.enqueue([Count { number: 1, milliseconds: 4_000, ending: Ending::Well }]).await;
    let workers = [first.work(), second.work()];
    until(|| ran(&runs, 1) == 1).await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(ran(&runs, 1), 1);
}

async fn the_jobs_of_a_dead_process_are_taken_over(url: String) {
    let ((hand, clock), runs) = (at("2026-01-10T12:00:00Z"), Runs::default());
    let first = Process::open(&url, &clock, &runs).await;
    first.enqueue([Count { number: 1, milliseconds: 600_000, ending: Ending::Well }]).await;
    let dead = first.work();
    until(|| ran(&runs, 1) == 1).await;
    dead.task.abort();
    let second = Process::open(&url, &clock, &runs).await;
    let worker = second.work();
    a_while().await;
    assert_eq!(ran(&runs, 1), 1, "the lease holds");
    hand.advance(SignedDuration::from_secs(60));
    until(|| ran(&runs, 1) == 2).await;
    worker.task.abort();
}

async fn a_failed_job_is_tried_again_after_its_pause(url: String) {
    let ((hand, clock), runs) = (at("2026-01-10T12:00:00Z"), Runs::default());
    let process = Process::open(&url, &clock, &runs).await;
    process.enqueue([count(1, Ending::WellTheSecondTime)]).await;
    let worker = process.work();
    until(|| ran(&runs, 1) == 1).await;
    a_while().await;
    hand.advance(SignedDuration::from_millis(499));
    a_while().await;
    assert_eq!(ran(&runs, 1), 1, "half a second at least");
    until_ticking(&hand, || ran(&runs, 1) == 2).await;
    a_while().await;
    hand.advance(SignedDuration::from_hours(9));
    a_while().await;
    worker.stop().await;
    assert_eq!(ran(&runs, 1), 2, "done is done");
}

async fn a_job_that_panics_is_tried_again(url: String) {
    let ((hand, clock), runs) = (at("2026-01-10T12:00:00Z"), Runs::default());
    let process = Process::open(&url, &clock, &runs).await;
    process.enqueue([count(1, Ending::PanicThenWell)]).await;
    let worker = process.work();
    until_ticking(&hand, || ran(&runs, 1) == 2).await;
    worker.stop().await;
}

async fn a_job_is_given_up_at_its_last_attempt_or_when_it_says_so(url: String) {
    let ((hand, clock), runs) = (at("2026-01-10T12:00:00Z"), Runs::default());
    let process = Process::open(&url, &clock, &runs).await;
    process.enqueue([count(1, Ending::NeverWell), count(2, Ending::GiveUp)]).await;
    let worker = process.work();
    until_ticking(&hand, || ran(&runs, 1) == 3).await;
    a_while().await;
    hand.advance(SignedDuration::from_hours(2));
    a_while().await;
    worker.stop().await;
    assert_eq!((ran(&runs, 1), ran(&runs, 2)), (3, 1));
}

async fn a_stop_waits_for_what_runs_and_takes_nothing_new(url: String) {
    let (clock, runs) = (Clock::system(), Runs::default());
    let mut process = Process::open(&url, &clock, &runs).await;
    process.options.concurrency = 1;
    process.enqueue((1..=2).map(|number| Count { number, milliseconds: 300, ending: Ending::Well })).await;
    let worker = process.work();
    until(|| runs.lock().unwrap().len() == 1).await;
    worker.stop().await;
    assert_eq!(runs.lock().unwrap().len(), 1);
    // What ran was written down as done: the next worker runs only the other.
    let worker = process.work();
    until(|| runs.lock().unwrap().len() == 2).await;
    worker.stop().await;
    assert_eq!((ran(&runs, 1), ran(&runs, 2)), (1, 1));
}

async fn jobs_that_come_in_crowds_leave_room_for_others(url: String) {
    let (clock, runs) = (Clock::system(), Runs::default());
    let process = Process::open(&url, &clock, &runs).await;
    process.enqueue((0..12).map(|_| InACrowd { milliseconds: 100 })).await;
    process.enqueue((0..9).map(|number| count(number, Ending::Well))).await;
    let worker = process.work();
    until(|| (0..9).all(|number| ran(&runs, number) == 1)).await;
    assert!(ran(&runs, OVER) < 12, "the others did not stand behind the crowd");
    until(|| ran(&runs, OVER) == 12).await;
    assert_eq!(ran(&runs, MOST), 2);
    worker.stop().await;
}

async fn a_job_enqueued_here_starts_before_the_next_poll(url: String) {
    let (clock, runs) = (Clock::system(), Runs::default());
    let mut process = Process::open(&url, &clock, &runs).await;
    process.options.poll = Duration::from_secs(3_600);
    let worker = process.work();
    // Longer than the short pauses after the start together.
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.enqueue([count(1, Ending::Well)]).await;
    until(|| ran(&runs, 1) == 1).await;
    worker.stop().await;
}

async fn two_processes_fire_a_schedule_once_a_day_across_a_change_of_clocks(url: String) {
    // The clocks of São Paulo went from 2018-11-03 23:59:59 to 2018-11-04 01:00:00.
    let ((hand, clock), runs) = (at("2018-11-03T02:59:00Z"), Runs::default());
    let zone = "America/Sao_Paulo".parse().unwrap();
    let schedule =
        || Schedule::new().daily(jiff::civil::time(0, 0, 0, 0), &zone, &count(1, Ending::Well)).unwrap();
    let first = Process::open(&url, &clock, &runs).await;
    let second = Process::open(&url, &clock, &runs).await;
    let workers = [first.work_by(schedule()), second.work_by(schedule())];
    until(|| ran(&runs, 1) == 1).await;
    a_while().await;
    assert_eq!(ran(&runs, 1), 1, "the midnight before the start is made up for");
    for (instant, wanted) in [
        ("2018-11-03T03:00:00Z", 2),
        ("2018-11-04T02:59:59Z", 2),
        ("2018-11-04T03:00:00Z", 3),
        ("2018-11-04T04:00:00Z", 3),
        ("2018-11-05T01:59:59Z", 3),
        ("2018-11-05T02:00:00Z", 4),
        ("2018-11-05T03:00:00Z", 4),
    ] {
        hand.set(instant.parse().unwrap());
        until(|| ran(&runs, 1) >= wanted).await;
        a_while().await;
        assert_eq!(ran(&runs, 1), wanted, "{instant}");
    }
    for worker in workers {
        worker.stop().await;
    }
    // A process that starts later on the day finds it done.
    let worker = first.work_by(schedule());
    a_while().await;
    worker.stop().await;
    assert_eq!(ran(&runs, 1), 4);
}
