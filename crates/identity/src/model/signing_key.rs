//! The keys that tokens are signed with: when each is published, when it signs, when it may be forgotten.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use comporta_jwt::Algorithm;
use comporta_kernel::{Timestamp, define_id};
use jiff::SignedDuration;

/// No token signed here may live longer: a key stays published for so long after it has signed for the last time.
pub const LONGEST_TOKEN: Duration = Duration::from_secs(DAY);

/// A key is published for so long before it signs, so that whoever keeps a copy of the published keys has it by
/// then.
const PUBLISHED_BEFORE: SignedDuration = SignedDuration::from_secs(DAY.cast_signed());

const DAY: u64 = 24 * 60 * 60;

define_id!(
    /// A signing key; as text the `kid` of what it signs.
    SigningKeyId,
    "sig"
);

/// What tokens are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518).
    Es256,
    /// Ed25519 (RFC 8037).
    EdDsa,
}

/// An algorithm that nothing is signed with here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected ES256 or EdDSA")]
pub struct SigningAlgorithmError;

/// A signing key as it is kept. Nothing of it ever changes: what it is for at an instant follows from the keys of
/// its algorithm that came after it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeptKey {
    pub(crate) id: SigningKeyId,
    pub(crate) algorithm: SigningAlgorithm,
    /// Counts the keys of the algorithm.
    pub(crate) generation: i32,
    /// The private part, under the sealing key.
    pub(crate) sealed: Vec<u8>,
    /// When it was made, and published.
    pub(crate) created_at: Timestamp,
    /// When it begins to sign; it ends when the next generation begins.
    pub(crate) signs_from: Timestamp,
}

/// Where the next key of an algorithm stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) generation: i32,
    pub(crate) signs_from: Timestamp,
}

/// How long a key signs before the next one does: thirty days unless set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation(SignedDuration);

impl Rotation {
    /// A rotation of this period, which is held between one day and ten years.
    #[must_use]
    pub fn every(period: Duration) -> Self {
        let seconds = period.as_secs().clamp(DAY, 3_650 * DAY);
        Self(SignedDuration::from_secs(seconds.cast_signed()))
    }

    /// The place of the key to be made now, if any is due: the first one signs at once, for nobody can hold a copy
    /// that lacks it; every other one is published first. No more than one waits for its turn.
    pub(crate) fn next(self, newest: Option<&KeptKey>, now: Timestamp) -> Option<Place> {
        let Some(newest) = newest else { return Some(Place { generation: 1, signs_from: now }) };
        let turn = newest.signs_from + self.0;
        let is_due = newest.signs_from <= now && turn - PUBLISHED_BEFORE <= now;
        let signs_from = turn.max(now + PUBLISHED_BEFORE);
        is_due.then_some(Place { generation: newest.generation + 1, signs_from })
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self::every(Duration::from_secs(30 * DAY))
    }
}

impl KeptKey {
    /// Whether every token that it signed has ended: a later one of `kept` has signed for long enough.
    pub(crate) fn has_ended(&self, kept: &[Self], now: Timestamp) -> bool {
        let comes_after =
            |other: &&Self| other.algorithm == self.algorithm && other.generation > self.generation;
        kept.iter().filter(comes_after).any(|later| later.signs_from + LONGEST_TOKEN <= now)
    }
}

impl SigningAlgorithm {
    /// Every one of them.
    pub const ALL: [Self; 2] = [Self::Es256, Self::EdDsa];

    /// Its name in the `alg` of a token's header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Algorithm::from(self).name()
    }
}

impl From<SigningAlgorithm> for Algorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Es256 => Self::ES256,
            SigningAlgorithm::EdDsa => Self::EdDSA,
        }
    }
}

impl TryFrom<Algorithm> for SigningAlgorithm {
    type Error = SigningAlgorithmError;

    fn try_from(algorithm: Algorithm) -> Result<Self, Self::Error> {
        Self::ALL.into_iter().find(|own| Algorithm::from(*own) == algorithm).ok_or(SigningAlgorithmError)
    }
}

impl FromStr for SigningAlgorithm {
    type Err = SigningAlgorithmError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(SigningAlgorithmError)
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comporta_kernel::{TypedId as _, Uuid};

    fn instant(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn key(generation: i32, signs_from: &str) -> KeptKey {
        KeptKey {
            id: SigningKeyId::from_uuid(Uuid::nil()),
            algorithm: SigningAlgorithm::Es256,
            generation,
            sealed: Vec::new(),
            created_at: instant(signs_from),
            signs_from: instant(signs_from),
        }
    }

    #[test]
    fn the_first_key_signs_at_once() {
        let now = instant("2026-03-01T12:00:00Z");
        let place = Rotation::default().next(None, now);
        assert_eq!(place, Some(Place { generation: 1, signs_from: now }));
    }

    #[test]
    fn the_next_key_is_published_a_day_before_its_turn() {
        let newest = key(3, "2026-03-01T12:00:00Z");
        let next = |now| Rotation::default().next(Some(&newest), instant(now));
        let turn = Place { generation: 4, signs_from: instant("2026-03-31T12:00:00Z") };
        assert_eq!(next("2026-03-30T11:59:59Z"), None);
        assert_eq!(next("2026-03-30T12:00:00Z"), Some(turn));
        let late = Place { signs_from: instant("2026-05-02T00:00:00Z"), ..turn };
        assert_eq!(next("2026-05-01T00:00:00Z"), Some(late), "late, it is published no shorter");
    }

    #[test]
    fn no_key_is_made_while_another_waits_for_its_turn() {
        let daily = Rotation::every(Duration::ZERO);
        let waiting = key(2, "2026-03-02T12:00:00Z");
        assert_eq!(daily.next(Some(&waiting), instant("2026-03-02T11:59:59Z")), None);
        assert!(daily.next(Some(&waiting), instant("2026-03-02T12:00:00Z")).is_some());
    }

    #[test]
    fn a_key_ends_when_the_last_token_that_it_signed_has() {
        let other = KeptKey { algorithm: SigningAlgorithm::EdDsa, ..key(9, "2026-01-01T00:00:00Z") };
        let kept = [key(1, "2026-03-01T12:00:00Z"), key(2, "2026-03-31T12:00:00Z"), other];
        let ended = |now| kept.each_ref().map(|key| key.has_ended(&kept, instant(now)));
        assert_eq!(ended("2026-04-01T11:59:59Z"), [false; 3]);
        assert_eq!(ended("2026-04-01T12:00:00Z"), [true, false, false]);
    }

    #[test]
    fn an_algorithm_reads_back_as_itself() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
            assert_eq!(Algorithm::from(algorithm).try_into(), Ok(algorithm));
        }
        assert!(SigningAlgorithm::try_from(Algorithm::HS256).is_err());
        assert_eq!("none".parse::<SigningAlgorithm>(), Err(SigningAlgorithmError));
    }
}
