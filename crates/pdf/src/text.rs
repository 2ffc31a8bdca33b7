//! How a text looks.

use crate::Weight;

/// On which side of its point a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// It begins there.
    Left,
    /// It ends there.
    Right,
    /// Its middle is there.
    Centre,
}

/// Red, green and blue, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour(pub f32, pub f32, pub f32);

impl Colour {
    /// Black.
    pub const BLACK: Self = Self(0.0, 0.0, 0.0);

    /// A grey, from 0 for black to 1 for white.
    #[must_use]
    pub const fn grey(lightness: f32) -> Self {
        Self(lightness, lightness, lightness)
    }
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// How heavy its letters are.
    pub weight: Weight,
    /// In points.
    pub size: f32,
    /// On which side of its point it stands.
    pub align: Align,
    /// Its colour.
    pub colour: Colour,
    /// How wide its letters are against what they are by nature, 1.
    pub stretch: f32,
}

impl Style {
    /// Black text that begins at its point.
    #[must_use]
    pub const fn new(weight: Weight, size: f32) -> Self {
        Self { weight, size, align: Align::Left, colour: Colour::BLACK, stretch: 1.0 }
    }

    /// The same on another side of its point.
    #[must_use]
    pub const fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// The same in a colour.
    #[must_use]
    pub const fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// The same with narrower or wider letters, against what they are by nature, 1.
    #[must_use]
    pub const fn stretch(self, stretch: f32) -> Self {
        Self { stretch, ..self }
    }
}
