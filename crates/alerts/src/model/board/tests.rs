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

/// A process that may call everything over, and sees or does not see that the backup is old.
struct Process {
    alerts: Alerts,
    outcomes: Vec<Outcome>,
}

impl Process {
    fn new() -> Self {
        Self { alerts: Alerts::new(), outcomes: Vec::new() }
    }

    /// What is to be told at a minute; it is told at once.
    fn look(&mut self, minute: i64, since: Option<i64>) -> Vec<Kind> {
        let notices = self.look_only(minute, since);
        self.outcomes = notices.iter().map(|notice| told(notice, minute)).collect();
        notices.iter().map(|notice| notice.kind).collect()
    }

    fn look_only(&mut self, minute: i64, since: Option<i64>) -> Vec<Notice> {
        let sign = Sign {
            condition: Condition::BackupOld,
            measured: format!("{minute} min"),
            allowed: "26 h".to_owned(),
        };
        let seen: Vec<Seen> = since.map(|since| Seen { sign, since: at(since) }).into_iter().collect();
        let outcomes = std::mem::take(&mut self.outcomes);
        let round = Round { seen: &seen, outcomes: &outcomes, now: at(minute), terms: TERMS, may_end: None };
        round.settle(&mut self.alerts)
    }
}

fn told(notice: &Notice, minute: i64) -> Outcome {
    let Notice { condition, kind, alert } = notice.clone();
    Outcome { condition, kind, began_at: alert.began_at, at: at(minute) }
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
    assert_eq!(ended[0].kind, Kind::Ended);
    // Seen by somebody else meanwhile.
    assert_eq!(process.look_only(11, Some(11)), []);
    process.outcomes = vec![told(&ended[0], 11)];
    assert_eq!(process.look(12, Some(11)), [Kind::Began]);
    process.outcomes.push(told(&ended[0], 11));
    assert_eq!(process.look(13, Some(11)), [], "noted twice is noted once");
}

#[test]
fn who_has_not_looked_for_long_calls_nothing_over() {
    let mut process = Process::new();
    assert_eq!(process.look(5, Some(0)), [Kind::Began]);
    process.look(6, Some(0));
    let none = BTreeSet::new();
    let round = |may_end| Round { seen: &[], outcomes: &[], now: at(90), terms: TERMS, may_end };
    assert_eq!(round(Some(&none)).settle(&mut process.alerts), []);
    let own = BTreeSet::from([Condition::BackupOld]);
    assert_eq!(round(Some(&own)).settle(&mut process.alerts)[0].kind, Kind::Ended);
}
