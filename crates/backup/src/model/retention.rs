//! Which backups may go.

use comporta_kernel::Timestamp;
use jiff::SignedDuration;

use super::{BackupId, Condition, Kind, WalName};

/// What the policy looks at in a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: BackupId,
    /// How it was made.
    pub kind: Kind,
    /// When it was whole.
    pub finished_at: Timestamp,
    /// What is known of it.
    pub condition: Condition,
}

/// The backups that leave at `now`: those older than `days`, but of each kind never the newest that was proven
/// good, nor the newest that is not known to be bad.
#[must_use]
pub fn leave(known: &[Known], now: Timestamp, days: u16) -> Vec<BackupId> {
    let oldest = now - SignedDuration::from_hours(24 * i64::from(days));
    let newest = |kind: Kind, wanted: fn(Condition) -> bool| {
        let fit = known.iter().filter(|backup| backup.kind == kind && wanted(backup.condition));
        fit.max_by_key(|backup| (backup.finished_at, backup.id)).map(|backup| backup.id)
    };
    let stays = |backup: &Known| {
        let proven = newest(backup.kind, |condition| condition == Condition::Good);
        let hoped = newest(backup.kind, |condition| condition != Condition::Bad);
        proven == Some(backup.id) || hoped == Some(backup.id)
    };
    let old = known.iter().filter(|backup| backup.finished_at < oldest);
    old.filter(|backup| !stays(backup)).map(|backup| backup.id).collect()
}

/// The files of the log that no base backup needs which begins at one of `firsts`. Without any base backup the log
/// is kept: nobody can tell yet what it is for.
#[must_use]
pub fn needless_wal(names: Vec<WalName>, firsts: &[WalName]) -> Vec<WalName> {
    let unneeded = |name: &WalName| !firsts.is_empty() && firsts.iter().all(|first| name.is_before(first));
    names.into_iter().filter(unneeded).collect()
}

#[cfg(test)]
mod tests {
    use comporta_kernel::{TypedId as _, Uuid};
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 100 * 86_400;

    fn on_day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn known(day: i64, kind: Kind, condition: Condition) -> Known {
        let id = BackupId::from_uuid(Uuid::from_u128(day as u128 * 10 + kind as u128));
        Known { id, kind, finished_at: on_day(day), condition }
    }

    fn gone(known: &[Known]) -> Vec<BackupId> {
        leave(known, Timestamp::from_second(NOW).unwrap(), 30)
    }

    #[test]
    fn what_is_older_than_thirty_days_goes() {
        let all: Vec<Known> = (60..=99).map(|day| known(day, Kind::Dump, Condition::Good)).collect();
        assert_eq!(gone(&all), all[..10].iter().map(|backup| backup.id).collect::<Vec<_>>());
    }

    #[test]
    fn the_last_good_one_stays_however_old() {
        let all = [
            known(10, Kind::Dump, Condition::Good),
            known(20, Kind::Dump, Condition::Good),
            known(21, Kind::Dump, Condition::Bad),
            known(99, Kind::Dump, Condition::Unproven),
        ];
        assert_eq!(gone(&all), [all[0].id, all[2].id]);
    }

    #[test]
    fn one_kind_does_not_stand_in_for_another() {
        let all = [known(10, Kind::Base, Condition::Unproven), known(99, Kind::Dump, Condition::Good)];
        assert_eq!(gone(&all), []);
    }

    #[test]
    fn the_log_is_kept_from_the_oldest_base_backup_on() {
        let name = |text: &str| text.parse::<WalName>().unwrap();
        let names = || ["000000010000000000000001", "000000010000000000000002", "00000002.history"].map(name);
        let second = name("000000010000000000000002");
        assert_eq!(needless_wal(names().into(), &[]), []);
        let kept = [second.clone(), name("000000010000000000000009")];
        assert_eq!(needless_wal(names().into(), &kept), [name("000000010000000000000001")]);
    }

    proptest! {
        #[test]
        fn whatever_happened_a_backup_that_is_not_known_to_be_bad_is_left(
            days in proptest::collection::vec((0_i64..100, 0_u8..3), 1..40)
        ) {
            let conditions = [Condition::Bad, Condition::Unproven, Condition::Good];
            let all: Vec<Known> =
                days.iter().map(|(day, c)| known(*day, Kind::Dump, conditions[usize::from(*c)])).collect();
            let gone = gone(&all);
            let left = |wanted: Condition| {
                all.iter().any(|backup| backup.condition == wanted && !gone.contains(&backup.id))
            };
            let had = |wanted: Condition| all.iter().any(|backup| backup.condition == wanted);
            prop_assert!(!had(Condition::Good) || left(Condition::Good));
            prop_assert!(!had(Condition::Unproven) || left(Condition::Unproven) || left(Condition::Good));
        }
    }
}
