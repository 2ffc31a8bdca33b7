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

/// The widest code of which two lines are counted at once: between them must be more light than a finder has, and than
/// it needs beside it.
const TWO_AT_ONCE: usize = 57;

/// The sum of points: the fewer, the better.
pub(super) fn of(plane: &Plane) -> u32 {
    let side = plane.rows.len();
    let at_once = if side <= TWO_AT_ONCE { 2 } else { 1 };
    let inner = inner(side);
    let mut points = SQUARE * squares(&plane.rows) + IMBALANCE * imbalance(&plane.rows);
    for lines in [&plane.rows, &plane.columns].into_iter().flat_map(|lines| lines.chunks(at_once)) {
        let both = |all: u128, next: u128| all << 64 | next;
        let line = lines.iter().rev().fold(0, |all, line| both(all, *line));
        let inner = lines.iter().fold(0, |all, _| both(all, inner));
        points += runs(line, inner) + FINDER * finders(line, lines, side);
    }
    points
}

/// All modules of a line but the last.
fn inner(side: usize) -> u128 {
    (1 << (side - 1)) - 1
}

fn runs(line: u128, inner: u128) -> u32 {
    let same = same_as_next(line) & inner;
    let five = same & same >> 1 & same >> 2 & same >> 3;
    // A run of five or more modules has as many windows of five as points above two.
    let runs = five & !(five << 1);
    five.count_ones() + (RUN - 1) * runs.count_ones()
}

/// Where a module has its successor's colour.
fn same_as_next(line: u128) -> u128 {
    !(line ^ line >> 1)
}

/// Dark, light, dark, light, dark as 1:1:3:1:1, beside at least four times the unit of light; beyond the edge is light.
/// `line` is `lines` at once.
fn finders(line: u128, lines: &[u128], side: usize) -> u32 {
    let light = !line;
    let three = line & line >> 1 & line >> 2;
    let pattern = line & light >> 1 & three >> 2 & light >> 5 & line >> 6;
    let mut count = 0;
    if pattern != 0 {
        let (before, after) = (line << 1, line >> 7);
        let four_before = before | line << 2 | line << 3 | line << 4;
        let four_after = after | line >> 8 | line >> 9 | line >> 10;
        count +=
            (pattern & !four_before & !after).count_ones() + (pattern & !before & !four_after).count_ones();
    }
    // Greater ones are rare: look whether there may be any.
    let (two, two_light) = (line & line >> 1, light & light >> 1);
    let six = three & three >> 3;
    let of_twos = two & two_light >> 2 & six >> 4 & two_light >> 10 & two >> 12;
    if of_twos != 0 || six & three >> 6 != 0 {
        for unit in (2..).take_while(|unit| 7 * *unit as usize <= side) {
            count += lines.iter().map(|line| greater_finders(*line, unit)).sum::<u32>();
        }
    }
    count
}

/// Those with a unit, in one line.
fn greater_finders(line: u128, unit: u32) -> u32 {
    // Where so many modules, from this one on, are dark; and where none of them is.
    let dark = |modules: u32| (0..modules).fold(u128::MAX, |all, at| all & line >> at);
    let middle = dark(3 * unit) >> (2 * unit);
    if middle == 0 {
        return 0;
    }
    let light = |modules: u32| !(0..modules).fold(0, |some, at| some | line >> at);
    let ends = dark(unit) & dark(unit) >> (6 * unit);
    let gaps = light(unit) >> unit & light(unit) >> (5 * unit);
    let pattern = ends & gaps & middle;
    let before = |modules: u32| (1..=modules).fold(0, |dark, at| dark | line << at);
    let after =
        |modules: u32| (0..modules).fold(0, |dark, at| dark | line.checked_shr(7 * unit + at).unwrap_or(0));
    let sides = [before(4 * unit) | after(unit), before(unit) | after(4 * unit)];
    sides.iter().map(|dark| (pattern & !dark).count_ones()).sum()
}

fn squares(rows: &Lines) -> u32 {
    let inner = inner(rows.len());
    let of_pair = |pair: &[u128]| match pair {
        [upper, lower] => {
            (same_as_next(*upper) & same_as_next(*lower) & !(upper ^ lower) & inner).count_ones()
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
