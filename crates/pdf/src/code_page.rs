//! Windows code page 1252, which PDF knows as `WinAnsiEncoding` (ISO 32000-1, annex D.2).

/// The first character that is one to see.
pub(crate) const FIRST: u8 = 0x20;
/// What stands for a character that the code page lacks.
const UNKNOWN: u8 = b'?';
/// What bytes 0x80 to 0x9F stand for; NUL where they stand for nothing.
const HIGH: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“',
    '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The character that a byte stands for, if any.
pub(crate) fn character(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9F => Some(HIGH[usize::from(byte - 0x80)]).filter(|character| *character != '\0'),
        0x7F => None,
        _ => Some(char::from(byte)),
    }
}

/// The byte for a character.
#[inline]
pub(crate) fn byte_of(character: char) -> u8 {
    match character {
        ' '..='~' | '\u{A0}'..='ÿ' => u8::try_from(character).unwrap_or(UNKNOWN),
        '\0' => UNKNOWN,
        _ => HIGH
            .iter()
            .zip(0x80..)
            .find_map(|(high, byte)| (*high == character).then_some(byte))
            .unwrap_or(UNKNOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_stands_for_a_character_is_what_the_character_gives() {
        for byte in FIRST..=0xFF {
            if let Some(character) = character(byte) {
                assert_eq!(byte_of(character), byte, "{character}");
            }
        }
    }

    #[test]
    fn what_the_code_page_lacks_is_a_question_mark() {
        let bytes: Vec<u8> = "São — €\n漢\0".chars().map(byte_of).collect();
        assert_eq!(bytes, b"S\xE3o \x97 \x80???");
    }
}
