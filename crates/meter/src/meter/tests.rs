//! A meter with small segments, against a map that counts the same.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use comporta_kernel::{CompanyId, TypedId as _};
use proptest::prelude::*;

use super::*;
use crate::{Call, Class, Tally, orphans};

const PLACES: usize = 16;
/// Seven in eight may be taken.
const ROOM: usize = 14;
const SECOND: Duration = Duration::from_secs(1);

/// Whose calls, by which route, in which minute, how answered, live; then how many, bytes in and out.
type Sums = BTreeMap<(CompanyId, String, i64, Class, bool), (u64, u64, u64)>;

struct World {
    root: tempfile::TempDir,
    meter: Meter,
    outlet: Outlet,
}

impl World {
    /// With so many files at most.
    fn of(files: usize) -> Self {
        let root = tempfile::tempdir().unwrap();
        let (meter, outlet) = Self::open(root.path(), 1, files);
        Self { root, meter, outlet }
    }

    fn open(root: &Path, instance: u128, files: usize) -> (Meter, Outlet) {
        let disk = (files * lines(PLACES) * size_of::<Line>()) as u64;
        let options = Options { cores: 1, disk, hand_over_every: SECOND };
        Meter::with_places(root, Uuid::from_u128(instance), options, PLACES).unwrap()
    }

    /// All that comes out, as whoever empties segments would take it.
    fn empty(&mut self, into: &mut Sums) {
        while let Some(sealed) = self.outlet.next_now() {
            add(into, self.outlet.read(&sealed).unwrap());
            self.outlet.give_back(sealed).unwrap();
        }
    }

    /// What the next process would find.
    fn left(&self) -> Sums {
        let mut sums = Sums::new();
        // A living process's folder is passed over: look at a copy.
        let copy = tempfile::tempdir().unwrap();
        let folder = self.outlet.stock().instance().folder.clone();
        let to = copy.path().join(folder.file_name().unwrap());
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        for orphan in orphans(copy.path()).unwrap() {
            for file in orphan.files().unwrap() {
                add(&mut sums, orphan.read(&file).unwrap().unwrap().tallies);
            }
        }
        sums
    }
}

fn add(sums: &mut Sums, tallies: Vec<Tally>) {
    for tally in tallies {
        let key =
            (tally.company, tally.route.to_string(), tally.minute.as_second() / 60, tally.class, tally.live);
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + tally.requests, sum.1 + tally.bytes_in, sum.2 + tally.bytes_out);
    }
}

fn company(number: u128) -> CompanyId {
    CompanyId::from_uuid(Uuid::from_u128(number))
}

fn call(number: u128) -> Call {
    let (class, bytes_in, bytes_out) = (Class::of_status(200), 10, 20);
    Call { company: company(number), route: 0, class, live: true, bytes_in, bytes_out }
}

/// Counts a call in one step.
fn count(counter: &mut Counter, call: &Call) -> bool {
    let promised = counter.promise();
    if promised {
        counter.count(call);
    }
    promised
}

#[derive(Clone, Debug)]
enum Step {
    Count(u128, u32, u16, bool, u64),
    Minute,
    Old,
    Empty,
    Replenish,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..6u128, 0..3u32, 100..700u16, any::<bool>(), 0..1000u64)
            .prop_map(|(company, route, status, live, bytes)| Step::Count(company, route, status, live, bytes)),
        1 => Just(Step::Minute),
        1 => Just(Step::Old),
        1 => Just(Step::Empty),
        1 => Just(Step::Replenish),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_counted_is_written_down_once_or_is_found_by_the_next_process(
        steps in proptest::collection::vec(step(), 1..400)
    ) {
        let mut world = World::of(5);
        let mut counter = world.meter.counter().unwrap();
        let names = ["a", "b", "c"];
        prop_assert_eq!(world.meter.route_numbers(&names).unwrap(), [0, 1, 2]);
        let (mut oracle, mut written) = (Sums::new(), Sums::new());
        let (mut minute, mut now) = (29_000_000, Instant::now());
        counter.tick(now, minute);
        for step in steps {
            match step {
                Step::Count(number, route, status, live, bytes) => {
                    let class = if status == 429 { Class::LIMITED } else { Class::of_status(status) };
                    let call = Call { route, class, live, bytes_in: bytes, bytes_out: 2 * bytes, ..call(number) };
                    if count(&mut counter, &call) {
                        let key = (company(number), names[route as usize].to_owned(), minute.into(), class, live);
                        let sum = oracle.entry(key).or_default();
                        *sum = (sum.0 + 1, sum.1 + bytes, sum.2 + 2 * bytes);
                    }
                }
                Step::Minute => minute += 1,
                Step::Old => now += 2 * SECOND,
                Step::Empty => world.empty(&mut written),
                Step::Replenish => world.outlet.stock().replenish().unwrap(),
            }
            counter.tick(now, minute);
        }
        // Killed now, or at any moment before: what was written down, and what is found.
        let mut both = world.left();
        for (key, sum) in &written {
            let all = both.entry(key.clone()).or_default();
            *all = (all.0 + sum.0, all.1 + sum.1, all.2 + sum.2);
        }
        prop_assert_eq!(&both, &oracle);
        counter.close();
        world.empty(&mut written);
        prop_assert_eq!(&written, &oracle);
        prop_assert!(world.left().is_empty());
        world.outlet.end().unwrap();
        prop_assert_eq!(fs::read_dir(world.root.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_there_is_no_place_for_is_refused_before_and_not_after() {
    let mut world = World::of(3);
    let mut counter = world.meter.counter().unwrap();
    world.meter.route_numbers(&["a"]).unwrap();
    world.outlet.stock().replenish().unwrap();
    // Three files: as many are promised a place as there are places, and not one more.
    let promised = (0..100).take_while(|_| counter.promise()).count();
    assert_eq!(promised, 3 * ROOM);
    (0..promised).for_each(|number| counter.count(&call(number as u128)));
    assert!(!counter.promise());
    assert!(!world.outlet.stock().is_low(), "the disk's share is used up");

    let mut written = Sums::new();
    world.empty(&mut written);
    assert_eq!(written.len(), 2 * ROOM, "what is full came out");
    assert!(counter.promise(), "and went back to be filled again");
    counter.release();
    counter.close();
    world.empty(&mut written);
    assert_eq!(written.values().map(|sum| sum.0).sum::<u64>(), promised as u64);
    assert!(!counter.promise(), "a closed counter counts nothing");
}

#[test]
fn an_old_segment_is_handed_over_unless_nobody_empties_them() {
    let world = World::of(8);
    let mut counter = world.meter.counter().unwrap();
    let begun = Instant::now();
    counter.tick(begun + 9 * SECOND, 1);
    assert_eq!(world.outlet.stock().waiting(), 0, "nothing was counted");
    for (second, waiting) in [(10, 0), (11, 1), (12, 1), (20, 1)] {
        assert!(count(&mut counter, &call(1)));
        counter.tick(begun + second * SECOND, 1);
        assert_eq!(world.outlet.stock().waiting(), waiting, "{second}");
    }
}

#[test]
fn what_a_living_process_has_is_nobody_elses_and_what_is_torn_is_set_aside() {
    let World { root, meter, outlet } = World::of(3);
    let mut counter = meter.counter().unwrap();
    meter.route_numbers(&["a"]).unwrap();
    assert!(count(&mut counter, &call(1)));
    assert!(orphans(root.path()).unwrap().is_empty());
    // The process is gone, and with it its lock.
    let folder = outlet.stock().instance().folder.clone();
    drop((counter, meter, outlet));
    fs::write(folder.join("segment-9"), "no segment").unwrap();
    let first = folder.join("segment-000001");
    let mut bytes = fs::read(&first).unwrap();
    bytes[6 * 8] ^= 1;
    fs::write(folder.join("segment-same"), &bytes).unwrap();
    bytes[2 * 8] ^= 1;
    fs::write(folder.join("segment-strange"), &bytes).unwrap();

    let [orphan] = &orphans(root.path()).unwrap()[..] else { panic!("there is one") };
    assert!(orphans(root.path()).unwrap().is_empty(), "one who adopts is enough");
    let read: Vec<_> = orphan.files().unwrap().iter().map(|file| orphan.read(file).unwrap()).collect();
    assert_eq!(read[0].as_ref().unwrap().tallies.len(), 1);
    assert_eq!(read[1].as_ref().unwrap().tallies.len(), 0);
    assert_eq!(read[2].as_ref().unwrap_err(), &crate::Torn::Header);
    assert_eq!(read[3].as_ref().unwrap().sequence, 1);
    assert_eq!(read[4].as_ref().unwrap_err(), &crate::Torn::Instance);
    let aside = orphan.set_aside(&folder.join("segment-9")).unwrap();
    assert_eq!(fs::read_to_string(&aside).unwrap(), "no segment");
    assert!(aside.with_file_name("routes").exists() && !folder.join("segment-9").exists());
}

#[test]
fn too_little_disk_for_the_cores_is_told() {
    let root = tempfile::tempdir().unwrap();
    let options = Options { cores: 4, disk: 1 << 20, hand_over_every: SECOND };
    let error = Meter::open(root.path(), Uuid::from_u128(1), options).unwrap_err();
    assert!(error.to_string().contains("for 4 cores"), "{error}");
}
