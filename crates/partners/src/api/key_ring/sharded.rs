//! A map in pieces: read without a lock, and a change copies one piece, however large the whole is.

use std::collections::HashMap;
use std::hash::Hash;

use arc_swap::{ArcSwap, Guard};
use comporta_kernel::TypedId;

/// Of 100,000 entries each piece holds about 200.
const PIECES: usize = 512;

/// Values by id. Ids end in random bits, by which they are spread.
pub(super) struct Sharded<I, T>(Box<[ArcSwap<HashMap<I, T>>]>);

type Piece<I, T> = Guard<std::sync::Arc<HashMap<I, T>>>;

impl<I: TypedId + Eq + Hash, T: Clone> Sharded<I, T> {
    pub(super) fn new() -> Self {
        Self((0..PIECES).map(|_| ArcSwap::default()).collect())
    }

    /// A copy of what is held.
    pub(super) fn get(&self, id: I) -> Option<T> {
        self.piece(id).get(&id).cloned()
    }

    /// The piece in which an id is, or is not.
    pub(super) fn piece(&self, id: I) -> Piece<I, T> {
        self.0[place(id)].load()
    }

    /// Every piece, one after the other.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece<I, T>> {
        self.0.iter().map(ArcSwap::load)
    }

    /// Puts what `make` makes of each new value, and of the one held, in that one's place; `None` leaves it there.
    pub(super) fn absorb<N>(
        &self,
        mut new: Vec<N>,
        id: impl Fn(&N) -> I,
        make: impl Fn(&N, Option<&T>) -> Option<T>,
    ) {
        new.sort_by_key(|new| place(id(new)));
        for same in new.chunk_by(|one, other| place(id(one)) == place(id(other))) {
            let Some(first) = same.first() else { continue };
            self.0[place(id(first))].rcu(|before| {
                let mut piece = HashMap::clone(before);
                for new in same {
                    if let Some(made) = make(new, piece.get(&id(new))) {
                        piece.insert(id(new), made);
                    }
                }
                piece
            });
        }
    }

    pub(super) fn len(&self) -> usize {
        self.pieces().map(|piece| piece.len()).sum()
    }
}

fn place<I: TypedId>(id: I) -> usize {
    id.uuid().as_bytes()[14..].iter().fold(0, |number, byte| number << 8 | usize::from(*byte)) % PIECES
}

#[cfg(test)]
mod tests {
    use comporta_kernel::{Clock, CompanyId, IdSource, Rng};

    use super::*;

    #[test]
    fn what_is_newer_takes_the_place_of_what_is_held_and_each_is_found_again() {
        let ids = IdSource::new(Clock::system(), Rng::seeded(3));
        let all: Vec<(CompanyId, u32)> = (0..5_000).map(|number| (ids.next(), number)).collect();
        let map: Sharded<CompanyId, u32> = Sharded::new();
        let newer = |new: &(CompanyId, u32), held: Option<&u32>| {
            held.is_none_or(|held| *held < new.1).then_some(new.1)
        };
        map.absorb(all.clone(), |new| new.0, newer);
        let again = all.iter().map(|(id, number)| (*id, if number % 2 == 0 { 10_000 } else { 0 })).collect();
        map.absorb(again, |new| new.0, newer);
        assert_eq!(map.len(), all.len());
        for (id, number) in all {
            assert_eq!(map.get(id), Some(if number % 2 == 0 { 10_000 } else { number }));
        }
        assert_eq!(map.get(ids.next()), None);
    }
}
