//! What a page says, in PDF's operators (ISO 32000-1, annex A).

use pdf_writer::Name;

use crate::code_page;

/// A content stream that is being written.
#[derive(Debug, Default)]
pub(crate) struct Ink(Vec<u8>);

impl Ink {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// An operator behind its numbers, which are points to a hundredth: finer is not seen, and takes more bytes.
    pub(crate) fn operator<const N: usize>(&mut self, numbers: [f32; N], operator: &str) {
        for number in numbers {
            self.fixed::<2>(number * 100.0);
        }
        self.word(operator);
    }

    /// The same with numbers to a hundred thousandth, for what is multiplied.
    pub(crate) fn fine_operator<const N: usize>(&mut self, numbers: [f32; N], operator: &str) {
        for number in numbers {
            self.fixed::<5>(number * 100_000.0);
        }
        self.word(operator);
    }

    /// The same with whole numbers.
    pub(crate) fn whole_operator<const N: usize>(&mut self, numbers: [u16; N], operator: &str) {
        for number in numbers {
            self.digits(number.into());
            self.0.push(b' ');
        }
        self.word(operator);
    }

    /// Something that needs no numbers before it, or comes before an operator.
    pub(crate) fn word(&mut self, word: &str) {
        self.0.extend_from_slice(word.as_bytes());
        self.0.push(b'\n');
    }

    /// A name, before an operator.
    pub(crate) fn name(&mut self, Name(name): Name<'_>) {
        self.0.push(b'/');
        self.0.extend_from_slice(name);
        self.0.push(b' ');
    }

    /// Dashes and gaps of so many points.
    pub(crate) fn dashes(&mut self, points: f32) {
        self.0.push(b'[');
        self.operator([points], "] 0 d");
    }

    /// Shows a text's parts without a gap.
    pub(crate) fn show(&mut self, parts: [&str; 2]) {
        self.0.push(b'(');
        for character in parts.iter().flat_map(|part| part.chars()) {
            let byte = code_page::byte_of(character);
            if matches!(byte, b'(' | b')' | b'\\') {
                self.0.push(b'\\');
            }
            self.0.push(byte);
        }
        self.word(")Tj");
    }

    /// A number of so many decimals, given without its point.
    fn fixed<const DECIMALS: u32>(&mut self, number: f32) {
        let rounded = number.round() as i64;
        if rounded < 0 {
            self.0.push(b'-');
        }
        let one = 10u64.pow(DECIMALS);
        let (whole, mut rest) = (rounded.unsigned_abs() / one, rounded.unsigned_abs() % one);
        self.digits(whole);
        if rest > 0 {
            self.0.push(b'.');
            let mut unit = one / 10;
            while rest > 0 {
                self.0.push(b'0' + (rest / unit).to_le_bytes()[0]);
                rest %= unit;
                unit /= 10;
            }
        }
        self.0.push(b' ');
    }

    fn digits(&mut self, number: u64) {
        if number >= 10 {
            self.digits(number / 10);
        }
        self.0.push(b'0' + (number % 10).to_le_bytes()[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_more_digits_than_they_need() {
        let mut ink = Ink::default();
        ink.operator([0.0, 12.3, -0.054, 595.28], "re");
        ink.fine_operator([1.644_79, -0.5], "cm");
        ink.whole_operator([0, 107], "re");
        assert_eq!(ink.bytes(), b"0 12.3 -0.05 595.28 re\n1.64479 -0.5 cm\n0 107 re\n");
    }

    #[test]
    fn what_ends_a_text_is_escaped() {
        let mut ink = Ink::default();
        ink.show(["(a\\", "ção)"]);
        assert_eq!(ink.bytes(), b"(\\(a\\\\\xE7\xE3o\\))Tj\n");
    }
}
