//! How badly a QR code can be read: the points of ISO/IEC 18004, 7.8.3.1, counted on lines of bits.

use super::{Lines, Plane};

/// A line of one colour from its first to its fifth module.
const RUN: u32 = 3;
/// A square of two by two modules in one colour.
const SQUARE: u32 = 3;
/// What looks like a finder.
const FINDER: u32 = 40;
/// Every five per cent by which dark and light are out of balance.
const IMBALANCE: u32 = 10;

/// The sum of points: the fewer, the better.
pub(super) fn of(plane: &Plane) -> u32 {
    let lines = [&plane.rows, &plane.columns];
    let along: u32 = lines.iter().flat_map(|lines| lines.iter().map(|line| of_line(*line, lines.len()))).sum();
    along + SQUARE * squares(&plane.rows) + IMBALANCE * imbalance(&plane.rows)
}

fn of_line(line: u128, side: usize) -> u32 {
    let same = same_as_next(line, side);
    let five = same & same >> 1 & same >> 2 & same >> 3;
    // A run of five or more modules has as many windows of five as points above two.
    let runs = (five & !(five << 1)).count_ones();
    five.count_ones() + (RUN - 1) * runs + FINDER * finders(line, side)
}

/// Where a module has its successor's colour.
fn same_as_next(line: u128, side: usize) -> u128 {
    !(line ^ line >> 1) & ((1 << (side - 1)) - 1)
}

/// Dark, light, dark, light, dark as 1:1:3:1:1, beside at least four times the unit of light; beyond the edge is light.
fn finders(line: u128, side: usize) -> u32 {
    let mut count = 0;
    // Where so many modules, from this one on, are dark; and where one of them is.
    let (mut dark, mut some_dark, mut middle) = (u128::MAX, 0, u128::MAX);
    for unit in (1..).take(side / 7) {
        dark &= line >> (unit - 1);
        some_dark |= line >> (unit - 1);
        middle &= (line >> (3 * unit - 3)) & (line >> (3 * unit - 2)) & (line >> (3 * unit - 1));
        if middle == 0 {
            break;
        }
        let light = !some_dark;
        let pattern =
            dark & (light >> unit) & (middle >> (2 * unit)) & (light >> (5 * unit)) & (dark >> (6 * unit));
        if pattern != 0 {
            count += beside_light(line, unit, pattern);
        }
    }
    count
}

/// How many of the patterns that begin here have light on both sides, four times the unit on one: twice, if on both.
fn beside_light(line: u128, unit: u32, pattern: u128) -> u32 {
    let before = |modules: u32| (1..=modules).fold(0, |dark, at| dark | line << at);
    let after = |modules: u32| (0..modules).fold(0, |dark, at| dark | line >> (7 * unit + at));
    let sides = [(before(4 * unit), after(unit)), (before(unit), after(4 * unit))];
    sides.iter().map(|(left, right)| (pattern & !left & !right).count_ones()).sum()
}

fn squares(rows: &Lines) -> u32 {
    let of_pair = |pair: &[u128]| match pair {
        [upper, lower] => {
            let alike = same_as_next(*upper, rows.len()) & same_as_next(*lower, rows.len());
            (alike & !(upper ^ lower)).count_ones()
        }
        _ => 0,
    };
    rows.windows(2).map(of_pair).sum()
}

fn imbalance(rows: &Lines) -> u32 {
    let dark: u32 = rows.iter().map(|row| row.count_ones()).sum();
    let modules = u32::try_from(rows.len() * rows.len()).unwrap_or(u32::MAX);
    ((dark * 20).abs_diff(modules * 10)).div_ceil(modules).saturating_sub(1)
}
