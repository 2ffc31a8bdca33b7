//! A quick compressor for what a page says: zlib's format (RFC 1950) with deflate's fixed codes (RFC 1951, 3.2.6).
//!
//! miniz_oxide at its lowest level takes twice as long, mostly to make codes; pages are drawn by the thousand a second.
//! Of each four bytes only the last place where they began is remembered. The same bytes on every machine.

/// The log2 of the places remembered.
const PLACES: u32 = 12;
/// A match's shortest and longest length, and its greatest distance.
const SHORTEST: usize = 4;
const LONGEST: usize = 258;
const FARTHEST: usize = 32_768;
/// The end of a block.
const END: Code = (0, 7);

/// Bits, the first one lowest, and how many.
type Code = (u32, u32);

/// Puts the compressed bytes at the end of `out`.
pub(crate) fn squeeze(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() / 2);
    out.extend([0x78, 0x01]);
    let mut bits = Bits { out, waiting: 0b011, count: 3 }; // the last block, of fixed codes
    let mut places = [0u32; 1 << PLACES];
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match earlier(bytes, at, rest, &mut places) {
            Some((length, distance)) => {
                bits.put(LENGTHS.get(length).copied().unwrap_or(END));
                bits.put_distance(distance);
                length
            }
            None => {
                bits.put(LITERALS.get(usize::from(rest[0])).copied().unwrap_or(END));
                1
            }
        };
        at += length;
    }
    bits.put(END);
    bits.finish();
    out.extend(check_sum(bytes).to_be_bytes());
}

/// How many of the next bytes stood already how far back; notes where they stand now.
fn earlier(bytes: &[u8], at: usize, rest: &[u8], places: &mut [u32]) -> Option<(usize, usize)> {
    let four = rest.first_chunk::<SHORTEST>()?;
    let hash = u32::from_le_bytes(*four).wrapping_mul(0x9E37_79B1) >> (32 - PLACES);
    // A place is one too great, so that 0 is none.
    let place = places.get_mut(hash as usize)?;
    let before = std::mem::replace(place, u32::try_from(at + 1).unwrap_or(0)) as usize;
    let before = before.checked_sub(1).filter(|before| at - before <= FARTHEST)?;
    let earlier = bytes.get(before..)?;
    let same = earlier.iter().zip(rest).take(LONGEST).take_while(|(a, b)| a == b).count();
    (same >= SHORTEST).then_some((same, at - before))
}

struct Bits<'o> {
    out: &'o mut Vec<u8>,
    waiting: u64,
    count: u32,
}

impl Bits<'_> {
    fn put(&mut self, (bits, count): Code) {
        self.waiting |= u64::from(bits) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.out.extend_from_slice(&(self.waiting as u32).to_le_bytes());
            self.waiting >>= 32;
            self.count -= 32;
        }
    }

    fn put_distance(&mut self, distance: usize) {
        let less = u32::try_from(distance - 1).unwrap_or_default();
        if less < 4 {
            return self.put(reversed(less, 5));
        }
        let extra = less.ilog2() - 1;
        self.put(reversed(2 * extra + (less >> extra), 5));
        self.put((less & ((1 << extra) - 1), extra));
    }

    fn finish(mut self) {
        while self.count > 0 {
            self.out.push(self.waiting.to_le_bytes()[0]);
            self.waiting >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }
}

/// Codes are sent from their highest bit on.
const fn reversed(code: u32, count: u32) -> Code {
    (code.reverse_bits() >> (32 - count), count)
}

static LITERALS: [Code; 256] = {
    let mut codes = [END; 256];
    let mut byte = 0;
    while byte < 256 {
        let code = byte as u32;
        codes[byte] = if byte < 144 { reversed(0x30 + code, 8) } else { reversed(0x190 + code - 144, 9) };
        byte += 1;
    }
    codes
};

/// By length, with the extra bits.
static LENGTHS: [Code; LONGEST + 1] = {
    let mut codes = [END; LONGEST + 1];
    let (mut symbol, mut length) = (0, 3);
    while symbol < 28 {
        let extra = if symbol < 8 { 0 } else { symbol / 4 - 1 };
        let (code, count) =
            if symbol < 23 { reversed(symbol + 1, 7) } else { reversed(0xC0 + symbol - 23, 8) };
        let mut value = 0;
        while value < 1 << extra && length < LONGEST {
            codes[length] = (code | value << count, count + extra);
            value += 1;
            length += 1;
        }
        symbol += 1;
    }
    codes[LONGEST] = reversed(0xC0 + 5, 8);
    codes
};

/// Adler-32.
fn check_sum(bytes: &[u8]) -> u32 {
    let (mut sum, mut sums) = (1u32, 0u32);
    // As many as cannot overflow.
    for bytes in bytes.chunks(5_552) {
        for byte in bytes {
            sum += u32::from(*byte);
            sums += sum;
        }
        sum %= 65_521;
        sums %= 65_521;
    }
    sums << 16 | sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(bytes: &[u8]) -> usize {
        let mut out = Vec::new();
        squeeze(bytes, &mut out);
        assert_eq!(miniz_oxide::inflate::decompress_to_vec_zlib(&out).unwrap(), bytes);
        out.len()
    }

    #[test]
    fn every_length_and_distance_comes_back() {
        for length in 4..300 {
            round(&[&b"abcdefg".repeat(43)[..length], &b"-".repeat(length), b"abcdefg"].concat());
        }
        let mut noise: Vec<u8> = (0..70_000u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
        let beginning = noise[..400].to_vec();
        for distance in [1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 1_000, 20_000, 32_367, 40_000] {
            noise.extend(std::iter::repeat_n(255, distance));
            noise.extend(&beginning);
        }
        round(&noise);
        round(b"");
    }

    #[test]
    fn what_repeats_becomes_short() {
        assert!(round(&b"12 34 1 1 re\n".repeat(100)) < 40);
    }

    proptest! {
        #[test]
        fn whatever_is_squeezed_comes_back(bytes in prop::collection::vec(prop_oneof![Just(b'1'), Just(b' '), any::<u8>()], 0..600)) {
            round(&bytes);
        }
    }
}
