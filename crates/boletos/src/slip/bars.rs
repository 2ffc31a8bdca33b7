//! The barcode: Interleaved 2 of 5 (ISO/IEC 16390), wide bars three times the narrow ones.

use comporta_pdf::Block;

/// How wide it is for 44 digits, in narrow bars: 22 pairs of 18, the start of 4, the end of 5.
pub(super) const WIDTH: u16 = 22 * 18 + 4 + 5;
const WIDE: u16 = 3;
/// For each digit its five bars or spaces, the first on the left: 1 is wide.
const DIGITS: [u8; 10] =
    [0b00110, 0b10001, 0b01001, 0b11000, 0b00101, 0b10100, 0b01100, 0b00011, 0b10010, 0b01010];

/// The bars of 44 digits, in narrow bars from the left; each a unit high.
pub(super) fn of(digits: &[u8; 44]) -> impl Iterator<Item = Block> {
    let start = [(1, 1), (1, 1)];
    let end = [(WIDE, 1), (1, 0)];
    let pairs = digits.chunks_exact(2).flat_map(|pair| {
        let pattern = |digit: Option<&u8>| {
            let value = digit.map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
            DIGITS.get(value).copied().unwrap_or_default()
        };
        // The first digit is in the bars, the second in the spaces between.
        let (bars, spaces) = (pattern(pair.first()), pattern(pair.last()));
        (0..5).rev().map(move |at| (width(bars >> at), width(spaces >> at)))
    });
    start.into_iter().chain(pairs).chain(end).scan(0, |x, (bar, space)| {
        let block = Block { x: *x, y: 0, width: bar, height: 1 };
        *x += bar + space;
        Some(block)
    })
}

fn width(bit: u8) -> u16 {
    if bit & 1 == 1 { WIDE } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_are_those_of_the_standard_and_fill_the_width() {
        let digits = *b"34191790010104351004791020150008291070026000";
        let blocks: Vec<Block> = of(&digits).collect();
        assert_eq!(blocks.len(), 2 + 22 * 5 + 2);
        let last = blocks.last().unwrap();
        assert_eq!(last.x + last.width, WIDTH);
        // Start, then 3 (WWNNN) in bars and 4 (NNWNW) in the spaces between.
        let drawn: Vec<(u16, u16)> = blocks.iter().take(8).map(|block| (block.x, block.width)).collect();
        assert_eq!(drawn, [(0, 1), (2, 1), (4, 3), (8, 3), (12, 1), (16, 1), (18, 1), (22, 3)]);
    }

    #[test]
    fn every_digit_has_two_wide_elements_and_a_pattern_of_its_own() {
        assert!(DIGITS.iter().all(|digit| digit.count_ones() == 2));
        let mut sorted = DIGITS;
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
