//! The addresses behind a target's name, asked in turn, those last that took no connection.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::choice::Bits;

/// One bit each tells which took no connection; a name with more addresses is used by its first so many.
const MOST: usize = 64;

/// What a name led to when it was last looked up; never empty.
#[derive(Debug)]
pub(super) struct Addresses {
    list: Box<[SocketAddr]>,
    failed: AtomicU64,
    turn: AtomicUsize,
}

impl Addresses {
    /// In a certain order, so that two answers of DNS can be compared; none of none.
    pub(super) fn new(mut found: Vec<SocketAddr>) -> Option<Self> {
        found.sort_unstable();
        found.dedup();
        found.truncate(MOST);
        let list = found.into_boxed_slice();
        (!list.is_empty()).then(|| Self { list, failed: AtomicU64::new(0), turn: AtomicUsize::new(0) })
    }

    /// All of them.
    pub(super) fn list(&self) -> &[SocketAddr] {
        &self.list
    }

    /// The next in turn among those that have not failed; when all have, among all.
    pub(super) fn next(&self) -> SocketAddr {
        let all = u64::MAX >> (MOST - self.list.len());
        let standing = match all & !self.failed.load(Ordering::Relaxed) {
            0 => all,
            standing => standing,
        };
        self.in_turn(standing)
    }

    /// Notes that an address took no connection, and gives another that has not failed.
    ///
    /// A name such as `localhost` often has an address nobody listens on beside the one that answers.
    pub(super) fn after_failure_of(&self, address: SocketAddr) -> Option<SocketAddr> {
        let bit = self.list.iter().position(|&one| one == address).map_or(0, |index| 1 << index);
        let failed = self.failed.fetch_or(bit, Ordering::Relaxed) | bit;
        let standing = (u64::MAX >> (MOST - self.list.len())) & !failed;
        (standing != 0).then(|| self.in_turn(standing))
    }

    /// Forgets which failed: they may have come back.
    pub(super) fn forgive(&self) {
        self.failed.store(0, Ordering::Relaxed);
    }

    fn in_turn(&self, standing: u64) -> SocketAddr {
        let count = standing.count_ones() as usize;
        // A lone address needs no turn: no write that other cores would wait for.
        let turn = if count > 1 { self.turn.fetch_add(1, Ordering::Relaxed) % count } else { 0 };
        self.list[Bits(standing).nth(turn).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ports: impl IntoIterator<Item = u16>) -> Addresses {
        Addresses::new(ports.into_iter().map(|port| ([127, 0, 0, 1], port).into()).collect()).unwrap()
    }

    #[test]
    fn addresses_take_turns_and_the_failed_one_is_left_out_until_forgiven() {
        let addresses = addresses([3, 1, 2, 2]);
        let ports = |count| (0..count).map(|_| addresses.next().port()).collect::<Vec<_>>();
        assert_eq!(ports(6), [1, 2, 3, 1, 2, 3]);
        assert!(addresses.after_failure_of(([127, 0, 0, 1], 2).into()).is_some());
        assert!(!ports(6).contains(&2));
        addresses.forgive();
        assert!(ports(3).contains(&2));
    }

    #[test]
    fn when_all_failed_there_is_no_other_but_all_are_tried_again() {
        let addresses = addresses([1, 2]);
        let first = addresses.next();
        let other = addresses.after_failure_of(first).unwrap();
        assert_ne!(first, other);
        assert_eq!(addresses.after_failure_of(other), None);
        assert_ne!(addresses.next(), addresses.next());
    }

    #[test]
    fn a_name_of_a_hundred_addresses_is_used_by_64() {
        let addresses = addresses(1..=100);
        assert_eq!(addresses.list().len(), 64);
        let used: std::collections::BTreeSet<_> = (0..64).map(|_| addresses.next()).collect();
        assert_eq!(used.len(), 64);
        assert!(Addresses::new(Vec::new()).is_none());
    }
}
