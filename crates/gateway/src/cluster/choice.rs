//! The power of two choices: two targets are drawn by weight, and the less loaded one is asked.
//!
//! Comparing two keeps load even without looking at all, and does not send every core to the one target that looks
//! idle at the moment (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).

use super::target::Target;

/// The indexes of the bits that are set, lowest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits(pub(super) u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let index = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(index)
    }
}

/// One of the targets in `mask`, or none when it is empty. Bits of targets that do not exist must be clear.
pub(super) fn choose(targets: &[Target], mask: u64, random: u64) -> Option<usize> {
    let first = draw(targets, mask, random >> 32)?;
    let Some(second) = draw(targets, mask & !(1 << first), random & 0xffff_ffff) else {
        return Some(first);
    };
    Some(if is_lighter(&targets[second], &targets[first]) { second } else { first })
}

/// Whether one more request would weigh less on `a` than on `b`: (in flight + 1) / weight.
///
/// Two idle targets are equal, whatever their weights: the draw was by weight already, and comparing weights again
/// would leave the lighter one without any request for as long as traffic is low.
fn is_lighter(a: &Target, b: &Target) -> bool {
    let (load_a, load_b) = (u64::from(a.in_flight()), u64::from(b.in_flight()));
    if load_a == 0 && load_b == 0 {
        return false;
    }
    (load_a + 1) * u64::from(b.weight()) < (load_b + 1) * u64::from(a.weight())
}

/// One of `mask` with a chance by its weight; `point` is uniform below 2^32.
fn draw(targets: &[Target], mask: u64, point: u64) -> Option<usize> {
    let total: u64 = Bits(mask).map(|index| u64::from(targets[index].weight())).sum();
    let mut left = (u128::from(point) * u128::from(total)) >> 32;
    for index in Bits(mask) {
        let weight = u128::from(targets[index].weight());
        if left < weight {
            return Some(index);
        }
        left -= weight;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_told_lowest_first_up_to_the_last() {
        let all: Vec<usize> = Bits(1 | 1 << 5 | 1 << 63).collect();
        assert_eq!(all, [0, 5, 63]);
        assert_eq!(Bits(0).next(), None);
    }
}
