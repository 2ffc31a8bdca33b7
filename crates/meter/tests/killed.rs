//! A process that is killed while it counts: what it was told is counted is found, and at most one call more.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use comporta_kernel::{CompanyId, TypedId as _, Uuid};
use comporta_meter::{Call, Class, Meter, Options, orphans};

const FOLDER: &str = "COMPORTA_TEST_METER";
const ROUNDS: u64 = 20;

/// Not a test by itself: what the killed process does.
#[test]
fn counts_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (round, folder) = folder.split_once(':').unwrap();
    let options = Options { cores: 1, disk: 1 << 24, hand_over_every: Duration::from_secs(1) };
    let instance = Uuid::from_u128(round.parse().unwrap());
    let (meter, _outlet) = Meter::open(Path::new(folder), instance, options).unwrap();
    let route = meter.route_numbers(&["a", "b"]).unwrap()[1];
    let (mut counter, mut out) = (meter.counter().unwrap(), std::io::stdout());
    for number in 0.. {
        counter.tick(Instant::now(), number / 1000);
        assert!(counter.promise());
        let company = CompanyId::from_uuid(Uuid::from_u128(u128::from(number % 7)));
        let class = Class::of_status(200);
        counter.count(&Call { company, route, class, live: true, bytes_in: 3, bytes_out: 5 });
        out.write_all(b"!").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_a_killed_process_had_counted_is_found() {
    let root = tempfile::tempdir().unwrap();
    for round in 1..=ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "counts_until_it_is_killed", "--nocapture"])
            .env(FOLDER, format!("{round}:{}", root.path().display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            told.read_to_end(&mut bytes).map(|_| bytes.iter().filter(|byte| **byte == b'!').count() as u64)
        });
        std::thread::sleep(Duration::from_millis(60 + 7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let told = reader.join().unwrap().unwrap();

        let [orphan] = &orphans(root.path()).unwrap()[..] else { panic!("one process was killed") };
        let (mut found, mut bytes) = (0, (0, 0));
        for file in orphan.files().unwrap() {
            for tally in orphan.read(&file).unwrap().unwrap().tallies {
                assert_eq!(&*tally.route, "b");
                found += tally.requests;
                bytes = (bytes.0 + tally.bytes_in, bytes.1 + tally.bytes_out);
            }
            orphan.remove(&file).unwrap();
        }
        assert!((told..=told + 1).contains(&found), "told of {told}, found {found}");
        assert!(
            (3 * found..=3 * found + 3).contains(&bytes.0) && (5 * found..=5 * found + 5).contains(&bytes.1)
        );
        assert!(round < ROUNDS || found > 100, "{found}");
        std::fs::remove_dir_all(root.path().join(orphan.instance().to_string())).unwrap();
    }
}
