//! A page: points from its upper left corner, x to the right and y down.

use pdf_writer::Name;

use crate::ink::Ink;
use crate::stationery::Form;
use crate::{Align, Colour, Fonts, Style, Weight};

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
    ink: &'d mut Ink,
    size: Size,
    /// What areas and letters are filled with, if that was said already.
    fill: Option<Colour>,
    letters: Letters,
}

/// How letters look as things stand.
#[derive(Clone, Copy)]
struct Letters {
    font: Option<(Weight, f32)>,
    stretch: f32,
}

impl<'d> Page<'d> {
    pub(crate) fn new(fonts: &'d Fonts, ink: &'d mut Ink, size: Size) -> Self {
        Self { fonts, ink, size, fill: None, letters: Letters { font: None, stretch: 1.0 } }
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
        self.fill_with(style.colour);
        self.ink.word("BT");
        self.letter_with(style);
        self.ink.operator([left, self.size.height - y], "Td");
        self.ink.show(parts);
        self.ink.word("ET");
    }

    /// A straight black line of so many points' width.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32) {
        self.grey_line(from, to, width, 0.0);
    }

    /// A straight grey line, from 0 for black to 1 for white.
    pub fn grey_line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, lightness: f32) {
        let height = self.size.height;
        self.ink.operator([width], "w");
        self.ink.fine_operator([lightness], "G");
        self.ink.operator([from.0, height - from.1], "m");
        self.ink.operator([to.0, height - to.1], "l");
        self.ink.word("S");
    }

    /// A straight grey line of dashes and gaps of so many points, from 0 for black to 1 for white.
    pub fn dashed_line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, dash: f32, lightness: f32) {
        self.ink.dashes(dash);
        self.grey_line(from, to, width, lightness);
        self.ink.word("[] 0 d");
    }

    /// Black blocks on a grid that begins at a point and has units of a size: bars, or the modules of a code. They are
    /// one path, so that no viewer leaves a seam between neighbours.
    pub fn blocks(&mut self, (x, y): (f32, f32), unit: Size, blocks: impl IntoIterator<Item = Block>) {
        self.fill_with(Colour::BLACK);
        self.ink.word("q");
        let up = self.size.height - y;
        self.ink.fine_operator([unit.width, 0.0, 0.0, -unit.height, x, up], "cm");
        for Block { x, y, width, height } in blocks {
            self.ink.whole_operator([x, y, width, height], "re");
        }
        self.ink.word("f Q");
    }

    /// What was printed beforehand, moved right and down by so many points. Only forms of the page's own stationery.
    pub fn form(&mut self, form: Form, (right, down): (f32, f32)) {
        self.ink.word("q");
        self.ink.operator([1.0, 0.0, 0.0, 1.0, right, -down], "cm");
        self.ink.word(&format!("/{} Do Q", form.name()));
    }

    /// An area in one colour, by its upper left corner and its size.
    pub fn area(&mut self, (x, y): (f32, f32), size: Size, colour: Colour) {
        self.fill_with(colour);
        self.ink.operator([x, self.size.height - y - size.height, size.width, size.height], "re");
        self.ink.word("f");
    }

    fn fill_with(&mut self, colour: Colour) {
        if self.fill.replace(colour) == Some(colour) {
            return;
        }
        let Colour(red, green, blue) = colour;
        if red == green && green == blue {
            self.ink.fine_operator([red], "g");
        } else {
            self.ink.fine_operator([red, green, blue], "rg");
        }
    }

    /// The font, its size and stretch outlive a text.
    fn letter_with(&mut self, style: &Style) {
        let Letters { font, stretch } = self.letters;
        if font != Some((style.weight, style.size)) {
            self.ink.name(match style.weight {
                Weight::Regular => REGULAR,
                Weight::Bold => BOLD,
            });
            self.ink.operator([style.size], "Tf");
        }
        if stretch != style.stretch {
            self.ink.operator([style.stretch * 100.0], "Tz");
        }
        self.letters = Letters { font: Some((style.weight, style.size)), stretch: style.stretch };
    }
}

impl std::fmt::Debug for Page<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("size", &self.size).finish_non_exhaustive()
    }
}
