//! A page: points from its upper left corner, x to the right and y down.

use pdf_writer::{Content, Name, Str};

use crate::{Align, Colour, Fonts, Style, Weight, code_page};

/// Width and height of a page in points, of which 72 make an inch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
}

/// 210 by 297 millimetres (ISO 216).
pub const A4: Size = Size { width: 595.28, height: 841.89 };

pub(crate) const REGULAR: Name<'static> = Name(b"R");
pub(crate) const BOLD: Name<'static> = Name(b"B");

/// A page that is drawn on.
pub struct Page<'d> {
    pub(crate) fonts: &'d Fonts,
    pub(crate) content: &'d mut Content,
    pub(crate) size: Size,
}

impl Page<'_> {
    /// A text in one line, on its base line at `y`.
    pub fn text(&mut self, x: f32, y: f32, style: &Style, text: &str) {
        let width = || self.fonts.width(style.weight, style.size, text);
        let left = match style.align {
            Align::Left => x,
            Align::Right => x - width(),
            Align::Centre => x - width() / 2.0,
        };
        let font = match style.weight {
            Weight::Regular => REGULAR,
            Weight::Bold => BOLD,
        };
        let up = self.size.height - y;
        self.fill_with(style.colour);
        self.content.begin_text().set_font(font, style.size).next_line(rounded(left), rounded(up));
        self.content.show(Str(&code_page::encode(text))).end_text();
    }

    /// A straight black line of so many points' width.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32) {
        self.grey_line(from, to, width, 0.0);
    }

    /// A straight grey line, from 0 for black to 1 for white.
    pub fn grey_line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, lightness: f32) {
        let height = self.size.height;
        self.content.set_line_width(width).set_stroke_gray(lightness);
        self.content.move_to(rounded(from.0), rounded(height - from.1));
        self.content.line_to(rounded(to.0), rounded(height - to.1)).stroke();
    }

    /// An area in one colour, by its upper left corner and its size.
    pub fn area(&mut self, (x, y): (f32, f32), size: Size, colour: Colour) {
        let bottom = self.size.height - y - size.height;
        self.fill_with(colour);
        self.content
            .rect(rounded(x), rounded(bottom), rounded(size.width), rounded(size.height))
            .fill_nonzero();
    }

    fn fill_with(&mut self, Colour(red, green, blue): Colour) {
        self.content.set_fill_rgb(red, green, blue);
    }
}

/// To a hundredth of a point: finer is not seen, and takes more bytes.
fn rounded(points: f32) -> f32 {
    (points * 100.0).round() / 100.0
}

impl std::fmt::Debug for Page<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("size", &self.size).finish_non_exhaustive()
    }
}
