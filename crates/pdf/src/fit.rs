//! Texts that must fit a width, taken apart without a copy.

use crate::{Fonts, Style};

/// What stands for the rest of a text.
const REST: &str = "…";

impl Fonts {
    /// How wide a text is in a style, in points.
    #[must_use]
    pub fn width_in(&self, style: &Style, text: &str) -> f32 {
        self.width(style.weight, style.size, text) * style.stretch
    }

    /// The text if it is no wider than so many points; else as much of its beginning as leaves room for `…`. Looks at
    /// no more of a long text than fits.
    pub(crate) fn shortened<'t>(&self, style: &Style, text: &'t str, width: f32) -> [&'t str; 2] {
        let whole = self.beginning(style, text, width);
        if whole.len() == text.len() {
            return [text, ""];
        }
        let beginning = self.beginning(style, whole, width - self.width_in(style, REST));
        [beginning.trim_end(), REST]
    }

    /// The text in lines that are no wider than so many points, found one at a time: broken at its line breaks and
    /// between words; a longer word is broken itself. A character that is wider than all has a line of its own.
    #[must_use]
    pub fn lines<'f, 't>(&'f self, style: &Style, text: &'t str, width: f32) -> Lines<'f, 't> {
        Lines { fonts: self, style: *style, rest: Some(text), width }
    }

    /// The longest beginning of a text that is no wider than so many points.
    #[must_use]
    pub fn beginning<'t>(&self, style: &Style, text: &'t str, width: f32) -> &'t str {
        let room = width * 1_000.0 / (style.size * style.stretch);
        let mut taken = 0.0;
        for (at, character) in text.char_indices() {
            taken += self.advance(style.weight, character);
            if taken > room {
                return text.get(..at).unwrap_or_default();
            }
        }
        text
    }
}

/// The lines of a text: see [`Fonts::lines`].
#[derive(Debug)]
pub struct Lines<'f, 't> {
    fonts: &'f Fonts,
    style: Style,
    rest: Option<&'t str>,
    width: f32,
}

impl<'t> Lines<'_, 't> {
    /// What has not been given yet.
    #[must_use]
    pub fn rest(&self) -> &'t str {
        self.rest.unwrap_or_default()
    }
}

impl<'t> Iterator for Lines<'_, 't> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.rest.take()?;
        let end = text.find('\n').unwrap_or(text.len());
        let (paragraph, after) = text.split_at(end);
        let fits = self.fonts.beginning(&self.style, paragraph, self.width);
        if fits.len() == paragraph.len() {
            self.rest = after.strip_prefix('\n');
            return Some(paragraph.trim_end());
        }
        let at_least = paragraph.chars().next().map_or(0, char::len_utf8);
        let next_is_space = paragraph[fits.len()..].starts_with(char::is_whitespace);
        let between_words = fits.rfind(char::is_whitespace).filter(|at| !fits[..*at].trim().is_empty());
        let end = match between_words {
            Some(at) if !next_is_space => at,
            _ => fits.len().max(at_least),
        };
        let (line, rest) = text.split_at(end);
        self.rest = Some(rest.trim_start_matches([' ', '\t', '\r']));
        Some(line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::Weight;

    static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::load().unwrap());
    const STYLE: Style = Style::new(Weight::Bold, 9.0).stretch(0.9);

    #[test]
    fn words_stay_whole_and_line_breaks_are_kept() {
        let lines: Vec<&str> = FONTS.lines(&STYLE, "Não receber\napós o vencimento  de hoje", 60.0).collect();
        assert_eq!(lines, ["Não receber", "após o", "vencimento  de", "hoje"]);
    }

    #[test]
    fn a_text_that_fits_is_whole_and_another_ends_in_dots() {
        let width = FONTS.width_in(&STYLE, "Beneficiário");
        assert_eq!(FONTS.shortened(&STYLE, "Beneficiário", width + 0.01), ["Beneficiário", ""]);
        assert_eq!(FONTS.shortened(&STYLE, "Beneficiário", width - 0.01), ["Beneficiár", "…"]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in "[\\PC\n]{0,120}", width in 15.0f32..150.0) {
            let wide = |line: &str| FONTS.width_in(&STYLE, line);
            prop_assert!(FONTS.shortened(&STYLE, &text, width).iter().map(|part| wide(part)).sum::<f32>() <= width + 0.01);
            let lines: Vec<&str> = FONTS.lines(&STYLE, &text, width).collect();
            for line in &lines {
                prop_assert!(wide(line) <= width + 0.01 || line.chars().count() == 1);
            }
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }
    }
}
