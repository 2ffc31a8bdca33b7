//! Pix on a slip: its QR code, and its text to be copied.

use comporta_pdf::{Fonts, Size, Style};

use super::pen::{Area, LABEL, PLAIN, Pen, points};

/// Light modules that a code needs around itself (ISO/IEC 18004, 5.3.8).
const QUIET: u16 = 4;

/// The slip's code in a square whose edges belong to its quiet zone.
pub(super) fn code(pen: &mut Pen<'_, '_>, x: f32, y: f32, side: f32) {
    let Some(matrix) = pen.ready().and_then(|ready| ready.matrix.as_ref()) else { return };
    let module = side / f32::from(matrix.side() + 2 * QUIET);
    let quiet = module * f32::from(QUIET);
    let (page, at) = pen.at(x + quiet, y + quiet);
    page.blocks(at, Size { width: points(module), height: points(module) }, matrix.blocks());
}

/// The payload to be copied, from an area's upper edge on; nothing if it does not fit, since half is worth nothing.
pub(super) fn copied(pen: &mut Pen<'_, '_>, payload: &str, area: Area, size: f32) {
    let lines = lines(pen.fonts(), payload, size, area.width);
    if height(&lines, size) <= area.height {
        draw(pen, &lines, area, size);
    }
}

/// The same at an area's lower edge, if half of it is room enough. Gives the height used.
pub(super) fn copied_at_bottom(pen: &mut Pen<'_, '_>, payload: &str, area: Area, size: f32) -> f32 {
    let lines = lines(pen.fonts(), payload, size, area.width);
    let used = height(&lines, size) + 3.0;
    if used > area.height / 2.0 {
        return 0.0;
    }
    let top = area.y + area.height - used;
    pen.text(area.x, top + 1.6, &LABEL, area.width, "Pix Copia e Cola");
    draw(pen, &lines, Area { y: top + 1.8, ..area }, size);
    used
}

/// In millimetres, from a size in points.
fn leading(size: f32) -> f32 {
    size * 0.42
}

fn height(lines: &[&str], size: f32) -> f32 {
    lines.iter().map(|_| leading(size)).sum()
}

fn draw(pen: &mut Pen<'_, '_>, lines: &[&str], area: Area, size: f32) {
    let mut y = area.y;
    for line in lines {
        y += leading(size);
        pen.text(area.x, y, &Style { size, ..PLAIN }, area.width, line);
    }
}

/// A payload's lines to be copied. None begins or ends with a space, which copying would lose.
fn lines<'t>(fonts: &Fonts, payload: &'t str, size: f32, width: f32) -> Vec<&'t str> {
    let style = Style { size, ..PLAIN };
    let mut lines = Vec::with_capacity(8);
    let mut rest = payload;
    while !rest.is_empty() {
        let longest = fonts.beginning(&style, rest, points(width)).len();
        let (line, after) = rest.split_at(end_of_line(rest, longest));
        lines.push(line);
        rest = after;
    }
    lines
}

/// Where a line may end, at most so many bytes on.
fn end_of_line(text: &str, longest: usize) -> usize {
    if longest == text.len() {
        return longest;
    }
    let ends_between_letters = |end: usize| {
        let (line, rest) = text.split_at(end);
        !line.ends_with(' ') && !rest.starts_with(' ')
    };
    let ends = (1..=longest).rev().filter(|end| text.is_char_boundary(*end));
    // A letter wider than all, or spaces without end: some progress.
    let first = text.chars().next().map_or(1, char::len_utf8);
    ends.clone().find(|end| ends_between_letters(*end)).or(ends.max()).unwrap_or(first)
}
