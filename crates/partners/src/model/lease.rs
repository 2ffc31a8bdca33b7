//! Leases: how the database shares a quota out among gateways, and never more of it than there is.
//!
//! A gateway and the database tell each other sums, not steps: all that was ever granted, all that was ever returned. A
//! message that is lost, late or repeated so changes nothing that the next one does not put right.

use comporta_kernel::CompanyId;

use super::Period;

/// What part of the rest one grant takes at most, so that towards the end no gateway holds much that others lack.
const SHARE: u64 = 8;

/// What one gateway says and wants of one company's period.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) company_id: CompanyId,
    pub(crate) period: Period,
    /// Calls in the period, by the plan in force.
    pub(crate) quota: u64,
    /// Units that would be welcome; none only returns.
    pub(crate) want: u64,
    /// Units, of these, for requests that wait for them now.
    pub(crate) waiting: u64,
    /// All that the gateway knows it was ever granted.
    pub(crate) received: u64,
    /// All that it ever returned.
    pub(crate) returned: u64,
}

/// A company's period, all gateways together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeriodTally {
    /// Units that gateways have taken and not returned: never more than the quota was at that time.
    pub(crate) granted: u64,
    /// The highest threshold, in percent, that was warned of.
    pub(crate) warned: u8,
}

/// What one gateway has had of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeaseTally {
    pub(crate) granted: u64,
    pub(crate) returned: u64,
}

/// The answer to an [`Ask`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// All that the gateway was ever granted.
    pub(crate) granted: u64,
    /// What nobody has been granted yet.
    pub(crate) rest: u64,
}

/// How much of a quota is in use when its company is told, in percent.
pub(crate) const THRESHOLDS: [u8; 2] = [80, 100];

impl Ask {
    /// Answers, with both rows locked; gives the thresholds that were crossed.
    pub(crate) fn settle(&self, period: &mut PeriodTally, lease: &mut LeaseTally) -> (Grant, Vec<u8>) {
        let back = self.returned.saturating_sub(lease.returned).min(lease.granted - lease.returned);
        lease.returned += back;
        period.granted = period.granted.saturating_sub(back);
        let rest = self.quota.saturating_sub(period.granted);
        // Granted before, in an answer that was lost.
        let on_its_way = lease.granted.saturating_sub(self.received);
        let want = self.want.saturating_sub(on_its_way);
        let granted = portion(rest, want, self.waiting.saturating_sub(on_its_way).min(want));
        lease.granted += granted;
        period.granted += granted;
        let crossed = if self.want > 0 { period.cross(self.quota) } else { Vec::new() };
        (Grant { granted: lease.granted, rest: rest - granted }, crossed)
    }
}

impl PeriodTally {
    fn cross(&mut self, quota: u64) -> Vec<u8> {
        let reached = |percent: u8| self.granted.saturating_mul(100) >= quota.saturating_mul(percent.into());
        let crossed: Vec<u8> =
            THRESHOLDS.into_iter().filter(|&percent| percent > self.warned && reached(percent)).collect();
        self.warned = crossed.last().copied().unwrap_or(self.warned);
        crossed
    }
}

/// How much of the rest to grant: what is waited for, and beyond that a share that shrinks with the rest.
fn portion(rest: u64, want: u64, waiting: u64) -> u64 {
    let share = (rest / SHARE).max(1);
    want.min(share).max(waiting).min(rest)
}

#[cfg(test)]
mod tests {
    use comporta_kernel::{Timestamp, TypedId as _, Uuid};
    use proptest::prelude::*;

    use super::*;

    fn ask(quota: u64, want: u64, waiting: u64, lease: LeaseTally) -> Ask {
        let period = Period { name: "2026-11".into(), ends_at: Timestamp::MAX };
        let company_id = CompanyId::from_uuid(Uuid::nil());
        Ask { company_id, period, quota, want, waiting, received: lease.granted, returned: lease.returned }
    }

    #[test]
    fn grants_shrink_towards_the_end_and_what_is_left_is_given_whole() {
        let (mut period, mut lease) = (PeriodTally::default(), LeaseTally::default());
        let mut grants = Vec::new();
        for _ in 0..12 {
            let before = lease.granted;
            grants.push(ask(100, 1000, 0, lease).settle(&mut period, &mut lease).0.granted - before);
        }
        assert_eq!(grants, [12, 11, 9, 8, 7, 6, 5, 5, 4, 4, 3, 3]);
        let (last, _) = ask(100, 1000, 40, lease).settle(&mut period, &mut lease);
        assert_eq!((last.granted, last.rest), (100, 0), "those who wait get all there is");
        let (none, _) = ask(100, 1000, 40, lease).settle(&mut period, &mut lease);
        assert_eq!((none.granted, none.rest), (100, 0));
    }

    #[test]
    fn a_threshold_is_crossed_once_whatever_is_returned_in_between() {
        let (mut period, mut lease) = (PeriodTally::default(), LeaseTally::default());
        let crossed = |want, back, period: &mut PeriodTally, lease: &mut LeaseTally| {
            let returned = lease.returned + back;
            Ask { returned, ..ask(10, want, want, *lease) }.settle(period, lease).1
        };
        assert_eq!(crossed(7, 0, &mut period, &mut lease), [0u8; 0]);
        assert_eq!(crossed(1, 0, &mut period, &mut lease), [80]);
        assert_eq!(crossed(0, 4, &mut period, &mut lease), [0u8; 0]);
        assert_eq!(crossed(4, 0, &mut period, &mut lease), [0u8; 0]);
        assert_eq!(crossed(9, 0, &mut period, &mut lease), [100]);
        assert_eq!(crossed(9, 1, &mut period, &mut lease), [0u8; 0]);
    }

    #[test]
    fn a_quota_of_one_crosses_both_thresholds_with_its_only_call() {
        let (mut period, mut lease) = (PeriodTally::default(), LeaseTally::default());
        assert_eq!(ask(1, 1, 1, lease).settle(&mut period, &mut lease).1, [80, 100]);
    }

    #[test]
    fn a_quota_that_was_lowered_grants_nothing_until_enough_came_back() {
        let mut period = PeriodTally { granted: 60, warned: 0 };
        let mut lease = LeaseTally { granted: 60, returned: 0 };
        let (grant, crossed) = ask(50, 5, 5, lease).settle(&mut period, &mut lease);
        assert_eq!((grant.granted, grant.rest, crossed), (60, 0, vec![80, 100]));
        let back = Ask { returned: 15, ..ask(50, 5, 5, lease) };
        assert_eq!(back.settle(&mut period, &mut lease).0, Grant { granted: 65, rest: 0 });
        assert_eq!(period.granted, 50);
    }

    proptest! {
        #[test]
        fn what_is_granted_is_never_more_than_the_quota_and_is_the_sum_of_the_leases(
            asks in proptest::collection::vec((0usize..3, 0u64..60, 0u64..60, 0u64..20, any::<bool>()), 1..200),
        ) {
            let (mut period, mut leases) = (PeriodTally::default(), [LeaseTally::default(); 3]);
            let mut received = [0; 3];
            for (gateway, want, waiting, back, lost) in asks {
                let lease = &mut leases[gateway];
                let returned = (lease.returned + back).min(received[gateway]);
                let mut asked = ask(1000, want, waiting, *lease);
                (asked.received, asked.returned) = (received[gateway], returned);
                let repeated = asked.clone();
                let (grant, _) = asked.settle(&mut period, lease);
                if lost {
                    // An answer that was lost: the same ask again gives what was granted, and no more.
                    let (again, _) = repeated.settle(&mut period, lease);
                    prop_assert_eq!(again.granted.max(grant.granted), again.granted);
                    prop_assert!(again.granted <= received[gateway] + want.max(grant.granted - received[gateway]));
                }
                received[gateway] = lease.granted;
                prop_assert!(period.granted <= 1000);
                let held: u64 = leases.iter().map(|lease| lease.granted - lease.returned).sum();
                prop_assert_eq!(period.granted, held);
            }
        }
    }
}
