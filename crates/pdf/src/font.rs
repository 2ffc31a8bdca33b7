//! The embedded fonts, read and compressed once.

use std::sync::OnceLock;

use pdf_writer::types::FontFlags;
use pdf_writer::{Chunk, Filter, Name, Rect, Ref};
use ttf_parser::Face;

use crate::code_page;

/// Characters of the code page that have a width.
const CHARACTERS: usize = 256 - code_page::FIRST as usize;
/// zlib's best.
const BEST: u8 = 9;

/// A font that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// The file is no TrueType font.
    #[error("the font {name} cannot be read")]
    Unreadable {
        /// Its name.
        name: &'static str,
        /// Why.
        #[source]
        source: ttf_parser::FaceParsingError,
    },
}

/// How heavy letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// For what is read.
    Regular,
    /// For what is found.
    Bold,
}

/// The fonts of every document.
#[derive(Debug)]
pub struct Fonts {
    regular: Font,
    bold: Font,
}

#[derive(Debug)]
struct Font {
    name: &'static str,
    file: &'static [u8],
    /// Made when it is first needed: it takes longer than all the rest.
    compressed: OnceLock<Vec<u8>>,
    /// Of the characters from the first on, in thousandths of the size.
    widths: [f32; CHARACTERS],
    bounds: Rect,
    ascent: f32,
    descent: f32,
    cap_height: f32,
    stem: f32,
}

impl Fonts {
    /// Reads them.
    ///
    /// # Errors
    /// None for the files that this was built with.
    pub fn load() -> Result<Self, FontError> {
        // Bold stems are told about twice as wide: only viewers that replace the font look at it.
        Ok(Self {
            regular: Font::read("Roboto-Regular", include_bytes!("../fonts/Roboto-Regular.ttf"), 80.0)?,
            bold: Font::read("Roboto-Bold", include_bytes!("../fonts/Roboto-Bold.ttf"), 150.0)?,
        })
    }

    /// How wide a text is, in points.
    #[must_use]
    pub fn width(&self, weight: Weight, size: f32, text: &str) -> f32 {
        let font = self.of(weight);
        let width = |character| font.width(code_page::byte_of(character));
        text.chars().map(width).sum::<f32>() * size / 1_000.0
    }

    /// The text in lines that are no wider than so many points, broken between words; a longer word is broken itself.
    #[must_use]
    pub fn wrap(&self, weight: Weight, size: f32, text: &str, width: f32) -> Vec<String> {
        let fits = |line: &str| self.width(weight, size, line) <= width;
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for character in word.chars() {
                line.push(character);
                if !fits(&line) && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, character.to_string()));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// The width of a single character, in thousandths of the size.
    pub(crate) fn advance(&self, weight: Weight, character: char) -> f32 {
        self.of(weight).width(code_page::byte_of(character))
    }

    fn of(&self, weight: Weight) -> &Font {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// The three objects of a font, of which the first is the font.
    pub(crate) fn objects(&self, weight: Weight, [font, descriptor, file]: [Ref; 3]) -> [Chunk; 3] {
        let it = self.of(weight);
        [it.dictionary(font, descriptor), it.descriptor(descriptor, file), it.embedded(file)]
    }
}

impl Font {
    fn read(name: &'static str, file: &'static [u8], stem: f32) -> Result<Self, FontError> {
        let face = Face::parse(file, 0).map_err(|source| FontError::Unreadable { name, source })?;
        let scale = 1_000.0 / f32::from(face.units_per_em());
        let mut widths = [0.0; CHARACTERS];
        for (width, byte) in widths.iter_mut().zip(code_page::FIRST..=u8::MAX) {
            let glyph = code_page::character(byte).and_then(|character| face.glyph_index(character));
            let advance = glyph.and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(0);
            *width = f32::from(advance) * scale;
        }
        let bounds = face.global_bounding_box();
        let [left, bottom, right, top] =
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|edge| f32::from(edge) * scale);
        Ok(Self {
            name,
            file,
            compressed: OnceLock::new(),
            widths,
            bounds: Rect::new(left, bottom, right, top),
            ascent: f32::from(face.ascender()) * scale,
            descent: f32::from(face.descender()) * scale,
            cap_height: f32::from(face.capital_height().unwrap_or(1_456)) * scale,
            stem,
        })
    }

    fn width(&self, byte: u8) -> f32 {
        self.widths[usize::from(byte.saturating_sub(code_page::FIRST))]
    }

    fn dictionary(&self, id: Ref, descriptor: Ref) -> Chunk {
        let mut chunk = Chunk::new();
        let mut dictionary = chunk.indirect(id).dict();
        dictionary.pair(Name(b"Type"), Name(b"Font")).pair(Name(b"Subtype"), Name(b"TrueType"));
        dictionary.pair(Name(b"BaseFont"), Name(self.name.as_bytes()));
        dictionary.pair(Name(b"FirstChar"), i32::from(code_page::FIRST)).pair(Name(b"LastChar"), 255);
        // Whole thousandths: a line of fifty digits differs from its width by less than a hundredth of a digit's.
        dictionary.insert(Name(b"Widths")).array().items(self.widths.map(f32::round));
        dictionary.pair(Name(b"Encoding"), Name(b"WinAnsiEncoding"));
        dictionary.pair(Name(b"FontDescriptor"), descriptor);
        drop(dictionary);
        chunk
    }

    fn descriptor(&self, id: Ref, file: Ref) -> Chunk {
        let mut chunk = Chunk::new();
        chunk
            .font_descriptor(id)
            .name(Name(self.name.as_bytes()))
            .flags(FontFlags::NON_SYMBOLIC)
            .bbox(self.bounds)
            .italic_angle(0.0)
            .ascent(self.ascent)
            .descent(self.descent)
            .cap_height(self.cap_height)
            .stem_v(self.stem)
            .font_file2(file);
        chunk
    }

    fn embedded(&self, id: Ref) -> Chunk {
        let compressed =
            self.compressed.get_or_init(|| miniz_oxide::deflate::compress_to_vec_zlib(self.file, BEST));
        let mut chunk = Chunk::with_capacity(compressed.len() + 128);
        let mut stream = chunk.stream(id, compressed);
        stream.filter(Filter::FlateDecode);
        stream.pair(Name(b"Length1"), i32::try_from(self.file.len()).unwrap_or(i32::MAX));
        drop(stream);
        chunk
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_are_as_wide_as_each_other_and_every_letter_of_portuguese_is_there() {
        let fonts = Fonts::load().unwrap();
        for weight in [Weight::Regular, Weight::Bold] {
            let zero = fonts.width(weight, 10.0, "0");
            assert!("123456789".chars().all(|digit| fonts.width(weight, 10.0, &digit.to_string()) == zero));
            for letter in "áàâãéêíóôõúüçÁÀÂÃÉÊÍÓÔÕÚÜÇºª§–—“”€".chars()
            {
                assert!(fonts.width(weight, 10.0, &letter.to_string()) > 1.0, "{letter}");
            }
        }
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_lose_nothing_but_spaces(text in "\\PC{0,80}", width in 20.0f32..200.0) {
            static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::load().unwrap());
            let fonts = &*FONTS;
            let lines = fonts.wrap(Weight::Regular, 10.0, &text, width);
            for line in &lines {
                prop_assert!(fonts.width(Weight::Regular, 10.0, line) <= width || line.chars().count() == 1);
            }
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }
    }
}
