//! How a segment lies in its file: lines of 64 bytes, the first a header, the others places that are found by hash.
//!
//! Numbers are in the machine's own order: a file never leaves its machine. Whoever is killed between two stores has
//! done those before and none after, so the order of stores is what makes a file good at any moment. Of a file that
//! is used again nothing need be wiped: a place belongs to a segment if it bears its sequence.

use std::sync::atomic::{Ordering, compiler_fence};

use comporta_kernel::{CompanyId, TypedId as _, Uuid};

use crate::call::{Call, Class};

/// 64 bytes: a line of most processors' caches.
pub(crate) type Line = [u64; 8];

/// Says that a file is a segment, in this machine's order of bytes, of this layout.
const MAGIC: u64 = u64::from_be_bytes(*b"cptmetr1");

// Words of the header.
const SLOTS: usize = 1;
const INSTANCE: usize = 2;
const SEQUENCE: usize = 4;

// Words of a place: the first four are its key.
const KEY: usize = 4;
const REQUESTS: usize = 4;
const BYTES_IN: usize = 5;
const BYTES_OUT: usize = 6;
const MARK: usize = 7;

/// What a place stands for: company (2 words), route and minute, class and whether live.
pub(crate) type Key = [u64; KEY];

/// Why a file is not read as a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Torn {
    /// Its header or its length is not a segment's.
    #[error("it is not a segment of this version and machine")]
    Header,
    /// It was made by another process than its folder's.
    #[error("it belongs to another process")]
    Instance,
    /// A place holds what is never written.
    #[error("place {0} holds what is never written there")]
    Place(usize),
    /// A route's number has no name.
    #[error("the route {0} has no name")]
    Route(u32),
}

/// What became of a call that was to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It went where others alike had gone.
    Again,
    /// It took a place.
    Anew,
    /// There is no place left.
    Full,
}

/// A place as it is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) company: CompanyId,
    pub(crate) route: u32,
    /// Since 1970.
    pub(crate) minute: u32,
    pub(crate) class: Class,
    pub(crate) live: bool,
    pub(crate) requests: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// Lines of a segment of so many places, a power of two.
pub(crate) const fn lines(places: usize) -> usize {
    1 + places
}

/// Places that may be taken: with fewer free ones, the way to the right one gets long.
pub(crate) const fn room(lines: usize) -> usize {
    let places = lines - 1;
    places - places / 8
}

/// Makes lines a segment, of which no place is taken.
pub(crate) fn begin(lines: &mut [Line], instance: Uuid, sequence: u64) {
    let places = lines.len() as u64 - 1;
    let (high, low) = instance.as_u64_pair();
    lines[0] = [MAGIC, places, high, low, 0, 0, 0, 0];
    renew(lines, sequence);
}

/// Makes a segment another one, of which no place is taken: sequences are never the same twice.
pub(crate) fn renew(lines: &mut [Line], sequence: u64) {
    compiler_fence(Ordering::SeqCst);
    lines[0][SEQUENCE] = sequence;
    compiler_fence(Ordering::SeqCst);
}

pub(crate) fn key(call: &Call, minute: u32) -> Key {
    let (high, low) = call.company.uuid().as_u64_pair();
    let route_and_minute = u64::from(call.route) << 32 | u64::from(minute);
    [high, low, route_and_minute, u64::from(call.class.number()) << 8 | u64::from(call.live)]
}

/// Counts a call in the segment `sequence`, of whose places `taken` are taken.
pub(crate) fn count(lines: &mut [Line], sequence: u64, taken: usize, key: &Key, call: &Call) -> Counted {
    let most = room(lines.len());
    let Some((_, places)) = lines.split_first_mut() else { return Counted::Full };
    let mask = places.len() - 1;
    let mut at = hash(key);
    // One in eight is free: this ends.
    loop {
        at &= mask;
        let place = &mut places[at];
        if place[MARK] != sequence {
            if taken >= most {
                return Counted::Full;
            }
            place[..KEY].copy_from_slice(key);
            (place[REQUESTS], place[BYTES_IN], place[BYTES_OUT]) = (0, 0, 0);
            // What the place says is there before the mark that says it counts.
            compiler_fence(Ordering::SeqCst);
            place[MARK] = sequence;
            add(place, call);
            return Counted::Anew;
        }
        if place[..KEY] == *key {
            add(place, call);
            return Counted::Again;
        }
        at += 1;
    }
}

fn add(place: &mut Line, call: &Call) {
    place[BYTES_IN] = place[BYTES_IN].wrapping_add(call.bytes_in);
    place[BYTES_OUT] = place[BYTES_OUT].wrapping_add(call.bytes_out);
    // The call last: bytes of a call that is not counted are fewer than one call's, a call without its bytes is worse.
    compiler_fence(Ordering::SeqCst);
    place[REQUESTS] += 1;
    compiler_fence(Ordering::SeqCst);
}

/// Where to look for a key first. Nobody chooses keys who would gain by their meeting.
fn hash(key: &Key) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = key.iter().fold(0, |mixed: u64, word| (mixed.rotate_left(29) ^ word).wrapping_mul(ODD));
    (mixed >> 32) as usize
}

/// Whose segment lines are, and which.
pub(crate) fn read_header(lines: &[Line]) -> Result<(Uuid, u64), Torn> {
    let header = lines.first().ok_or(Torn::Header)?;
    let places = lines.len() - 1;
    if header[0] != MAGIC || header[SLOTS] != places as u64 || !places.is_power_of_two() {
        return Err(Torn::Header);
    }
    // The database counts in 63 bits.
    match header[SEQUENCE] {
        sequence if i64::try_from(sequence).is_ok() => {
            Ok((Uuid::from_u64_pair(header[INSTANCE], header[INSTANCE + 1]), sequence))
        }
        _ => Err(Torn::Header),
    }
}

/// The places of a segment at which calls were counted.
pub(crate) fn read(lines: &[Line]) -> Result<Vec<Place>, Torn> {
    let (_, sequence) = read_header(lines)?;
    let places = lines.iter().enumerate().skip(1).filter(|(_, line)| line[MARK] == sequence);
    // One that was taken and not counted at: its taker was killed between the two.
    let counted = places.filter(|(_, line)| sequence != 0 && line[REQUESTS] > 0);
    counted.map(|(at, line)| read_place(line).ok_or(Torn::Place(at))).collect()
}

fn read_place(line: &Line) -> Option<Place> {
    let fits = |word: usize| i64::try_from(line[word]).is_ok().then_some(line[word]);
    let [high, low, route_and_minute, kind, ..] = *line;
    let live = match kind & 0xff {
        0 => false,
        1 => true,
        _ => return None,
    };
    Some(Place {
        company: CompanyId::from_uuid(Uuid::from_u64_pair(high, low)),
        route: (route_and_minute >> 32) as u32,
        minute: route_and_minute as u32,
        class: Class::from_number(kind >> 8)?,
        live,
        requests: fits(REQUESTS)?,
        bytes_in: fits(BYTES_IN)?,
        bytes_out: fits(BYTES_OUT)?,
    })
}
