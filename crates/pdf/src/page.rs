//! A page: points from its upper left corner, x to the right and y down.

use pdf_writer::{Content, Name, Str};

use crate::stationery::Form;
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

/// A rectangle on a grid: its upper left corner and its size, in the grid's units, y down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// From the grid's left edge.
    pub x: u16,
    /// From its upper edge.
    pub y: u16,
    /// To the right.
    pub width: u16,
    /// Down.
    pub height: u16,
}

pub(crate) const REGULAR: Name<'static> = Name(b"R");
pub(crate) const BOLD: Name<'static> = Name(b"B");

/// A page that is drawn on.
pub struct Page<'d> {
    fonts: &'d Fonts,
    content: &'d mut Content,
    size: Size,
    /// What areas and letters are filled with, if that was said already.
    fill: Option<Colour>,
}

impl<'d> Page<'d> {
    pub(crate) fn new(fonts: &'d Fonts, content: &'d mut Content, size: Size) -> Self {
        Self { fonts, content, size, fill: None }
    }

    /// The fonts that it is written in.
    #[must_use]
    pub fn fonts(&self) -> &'d Fonts {
        self.fonts
    }

    /// A text in one line, on its base line at `y`.
    pub fn text(&mut self, x: f32, y: f32, style: &Style, text: &str) {
        self.parts(x, y, style, [text, ""]);
    }

    /// A text in one line that is no wider than so many points: what does not fit is left out, and `…` stands for it.
    pub fn text_within(&mut self, x: f32, y: f32, style: &Style, text: &str, width: f32) {
        self.parts(x, y, style, self.fonts.shortened(style, text, width));
    }

    /// Two parts of one line, without a gap.
    fn parts(&mut self, x: f32, y: f32, style: &Style, parts: [&str; 2]) {
        let width = || parts.iter().map(|part| self.fonts.width_in(style, part)).sum::<f32>();
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
        let stretched = style.stretch != 1.0;
        if stretched {
            self.content.set_horizontal_scaling(rounded(style.stretch * 100.0));
        }
        self.content.show(Str(&code_page::encode(parts)));
        if stretched {
            self.content.set_horizontal_scaling(100.0); // it would outlive the text
        }
        self.content.end_text();
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

    /// A straight grey line of dashes and gaps of so many points, from 0 for black to 1 for white.
    pub fn dashed_line(
        &mut self,
        from: (f32, f32),
        to: (f32, f32),
        width: f32,
        dash: f32,
        lightness: f32,
    ) {
        self.content.set_dash_pattern([dash], 0.0);
        self.grey_line(from, to, width, lightness);
        self.content.set_dash_pattern([], 0.0);
    }

    /// Black blocks on a grid that begins at a point and has units of a size: bars, or the modules of a code. They are
    /// one path, so that no viewer leaves a seam between neighbours.
    pub fn blocks(&mut self, (x, y): (f32, f32), unit: Size, blocks: impl IntoIterator<Item = Block>) {
        self.fill_with(Colour::BLACK);
        let down = self.size.height - y;
        self.content.save_state().transform([unit.width, 0.0, 0.0, -unit.height, rounded(x), rounded(down)]);
        for Block { x, y, width, height } in blocks {
            self.content.rect(x.into(), y.into(), width.into(), height.into());
        }
        self.content.fill_nonzero().restore_state();
    }

    /// What was printed beforehand, moved right and down by so many points. Only forms of the page's own stationery.
    pub fn form(&mut self, form: Form, (right, down): (f32, f32)) {
        self.content.save_state().transform([1.0, 0.0, 0.0, 1.0, rounded(right), rounded(-down)]);
        self.content.x_object(Name(form.name().as_bytes())).restore_state();
    }

    /// An area in one colour, by its upper left corner and its size.
    pub fn area(&mut self, (x, y): (f32, f32), size: Size, colour: Colour) {
        let bottom = self.size.height - y - size.height;
        self.fill_with(colour);
        self.content
            .rect(rounded(x), rounded(bottom), rounded(size.width), rounded(size.height))
            .fill_nonzero();
    }

    fn fill_with(&mut self, colour: Colour) {
        if self.fill.replace(colour) == Some(colour) {
            return;
        }
        let Colour(red, green, blue) = colour;
        if red == green && green == blue {
            self.content.set_fill_gray(red);
        } else {
            self.content.set_fill_rgb(red, green, blue);
        }
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
