//! When people are told, minute by minute.

use super::*;

const TERMS: Terms = Terms {
    every: SignedDuration::from_secs(15),
    hold: SignedDuration::from_mins(5),
    repeat: SignedDuration::from_hours(24),
};

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

const RECEIVERS: [&str; 2] = ["ana@example.com", "webhook"];

fn receivers() -> BTreeSet<String> {
    RECEIVERS.map(str::to_owned).into()
}

/// A process that measures the age of the backup, and finds it well or not.
struct Process {
    alerts: Alerts,
    outcomes: Vec<Outcome>,
    may_end: BTreeSet<Condition>,
}

impl Process {
    fn new() -> Self {
        let may_end = BTreeSet::from([Condition::BackupOld]);
        Self { alerts: Alerts::new(), outcomes: Vec::new(), may_end }
    }

    /// What is to be told at a minute; everybody has got it at once.
    fn look(&mut self, minute: i64, since: Option<i64>) -> Vec<Kind> {
        let notices = self.look_only(minute, since);
        notices.iter().for_each(|notice| self.reach(notice, &RECEIVERS));
        notices.iter().map(|notice| notice.kind).collect()
    }

    fn look_only(&mut self, minute: i64, since: Option<i64>) -> Vec<Notice> {
        let sign = Sign {
            condition: Condition::BackupOld,
            measured: format!("{minute} min"),
            allowed: "26 h".to_owned(),
        };
        let seen: Vec<Seen> = since.map(|since| Seen { sign, since: at(since) }).into_iter().collect();
        let (outcomes, receivers) = (std::mem::take(&mut self.outcomes), receivers());
        let (outcomes, now) = (&outcomes, at(minute));
        let may_end = &self.may_end;
        let round = Round { seen: &seen, outcomes, now, terms: TERMS, receivers: &receivers, may_end };
        round.settle(&mut self.alerts)
    }

    /// Some have got it, which is noted in the next look.
    fn reach(&mut self, notice: &Notice, receivers: &[&str]) {
        self.outcomes.extend(receivers.iter().map(|receiver| notice.reached(receiver)));
    }
}

/// What one notice is, and to whom.
fn told(notices: &[Notice]) -> (Kind, Vec<&str>) {
    let [notice] = notices else { panic!("{notices:?}") };
    (notice.kind, notice.to.iter().map(String::as_str).collect())
}

#[test]
fn what_holds_is_told_once_and_again_after_a_day_and_its_end_once() {
    let mut process = Process::new();
    assert_eq!(process.look(4, Some(0)), []);
    assert_eq!(process.look(5, Some(0)), [Kind::Began]);
    for minute in 6..24 * 60 + 5 {
        assert_eq!(process.look(minute, Some(0)), [], "{minute}");
    }
    assert_eq!(process.look(24 * 60 + 5, Some(0)), [Kind::Still]);
    assert_eq!(process.look(24 * 60 + 9, None), []);
    assert_eq!(process.look(24 * 60 + 10, None), [Kind::Ended]);
    assert_eq!(process.look(24 * 60 + 11, None), []);
    assert!(process.alerts.is_empty());
}

#[test]
fn what_comes_and_goes_is_one_alert() {
    let mut process = Process::new();
    assert_eq!(process.look(5, Some(0)), [Kind::Began]);
    for minute in (6..60).step_by(4) {
        assert_eq!(process.look(minute, None), []);
        assert_eq!(process.look(minute + 1, Some(minute)), []);
    }
}

#[test]
fn the_end_is_told_of_what_may_have_been_told_by_a_process_that_was_killed() {
    let mut process = Process::new();
    assert_eq!(process.look_only(5, Some(0)).len(), 1);
    assert_eq!(process.look(9, None), [], "it may be telling still");
    assert_eq!(process.look(11, None), [Kind::Ended]);
    assert_eq!(process.look(12, None), []);
    assert!(process.alerts.is_empty());
}

#[test]
fn a_notice_that_did_not_arrive_is_another_process_s_after_a_while() {
    let mut process = Process::new();
    assert_eq!(process.look_only(5, Some(0)).len(), 1);
    assert_eq!(process.look_only(9, Some(0)), []);
    assert_eq!(process.look(10, Some(0)), [Kind::Began]);
    assert_eq!(process.look(16, Some(0)), []);
}

#[test]
fn what_comes_back_while_its_end_is_told_is_another_alert() {
    let mut process = Process::new();
    assert_eq!(process.look(5, Some(0)), [Kind::Began]);
    let ended = process.look_only(10, None);
    assert_eq!(told(&ended), (Kind::Ended, RECEIVERS.to_vec()));
    // Seen by somebody else meanwhile.
    assert_eq!(process.look_only(11, Some(11)), []);
    process.reach(&ended[0], &RECEIVERS);
    assert_eq!(process.look(12, Some(11)), [], "it must hold, like any other");
    assert_eq!(process.look(16, Some(11)), [Kind::Began]);
    process.reach(&ended[0], &RECEIVERS);
    assert_eq!(process.look(17, Some(11)), [], "of another alert, and noted twice");
}

#[test]
fn what_comes_back_before_all_know_of_its_end_is_another_alert() {
    let mut process = Process::new();
    assert_eq!(process.look(5, Some(0)), [Kind::Began]);
    let ended = process.look_only(10, None);
    process.reach(&ended[0], &RECEIVERS[..1]);
    assert_eq!(told(&process.look_only(15, Some(11))), (Kind::Ended, vec!["webhook"]));
    assert_eq!(process.look_only(16, Some(11)), [], "the end may be on its way");
    assert_eq!(told(&process.look_only(20, Some(11))), (Kind::Began, RECEIVERS.to_vec()));
}

#[test]
fn who_has_not_got_it_is_told_again_and_nobody_else_until_the_next_notice() {
    let mut process = Process::new();
    let began = process.look_only(5, Some(0));
    assert_eq!(told(&began), (Kind::Began, RECEIVERS.to_vec()));
    process.reach(&began[0], &RECEIVERS[..1]);
    for minute in [6, 9] {
        assert_eq!(process.look_only(minute, Some(0)), []);
    }
    for minute in [10, 15] {
        let again = process.look_only(minute, Some(0));
        assert_eq!(told(&again), (Kind::Began, vec!["webhook"]));
        assert_eq!(again[0].since, began[0].since, "the same notice");
    }
    let ended = process.look_only(20, None);
    assert_eq!(told(&ended), (Kind::Ended, RECEIVERS.to_vec()));
    process.reach(&ended[0], &RECEIVERS[..1]);
    assert_eq!(told(&process.look_only(25, None)), (Kind::Ended, vec!["webhook"]));
    process.reach(&ended[0], &RECEIVERS[1..]);
    assert_eq!(process.look_only(26, None), []);
    assert!(process.alerts.is_empty());
}

#[test]
fn who_does_not_get_for_a_day_what_others_have_is_given_up() {
    let mut process = Process::new();
    let began = process.look_only(5, Some(0));
    process.reach(&began[0], &RECEIVERS[..1]);
    let mut times = 0;
    for minute in 6..24 * 60 + 5 {
        times += process.look_only(minute, Some(0)).len();
    }
    assert_eq!(times, 24 * 12 - 1);
    let ended = process.look_only(24 * 60 + 10, None);
    process.reach(&ended[0], &RECEIVERS[..1]);
    for minute in 24 * 60 + 11..48 * 60 + 10 {
        process.look_only(minute, None);
        assert!(!process.alerts.is_empty());
    }
    assert_eq!(process.look_only(48 * 60 + 10, None), []);
    assert!(process.alerts.is_empty());
}

#[test]
fn what_nobody_measures_any_more_is_not_called_over_and_not_told_again() {
    let mut process = Process::new();
    assert_eq!(process.look(5, Some(0)), [Kind::Began]);
    process.may_end.clear();
    for minute in (6..72 * 60).step_by(5) {
        assert_eq!(process.look(minute, None), [], "{minute}");
    }
    process.may_end = BTreeSet::from([Condition::DiskLow]);
    assert_eq!(process.look(72 * 60, None), [], "another thing is well");
    process.may_end = BTreeSet::from([Condition::BackupOld]);
    assert_eq!(process.look(72 * 60, None), [Kind::Ended]);
}

#[test]
fn what_was_told_without_the_database_counts_when_it_is_back() {
    let mut process = Process::new();
    let began = process.look_only(5, Some(0));
    process.reach(&began[0], &RECEIVERS);
    let still = Notice { kind: Kind::Still, since: at(24 * 60 + 5), ..began[0].clone() };
    process.reach(&still, &RECEIVERS);
    // One of the first telling that is noted late.
    process.reach(&began[0], &RECEIVERS);
    assert_eq!(process.look(24 * 60 + 10, Some(0)), []);
    assert_eq!(process.look(48 * 60 + 4, Some(0)), []);
    assert_eq!(process.look(48 * 60 + 5, Some(0)), [Kind::Still]);
}
