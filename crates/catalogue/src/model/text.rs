//! Titles, authors, and the text they are searched by.

use std::str::FromStr;

const LONGEST: usize = 500;

/// Text that cannot be a title, an author or something to search for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {LONGEST} characters, none of them a control character")]
pub struct TextError;

macro_rules! line_of_text {
    ($($(#[$doc:meta])* $name:ident: $keep:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                let length = text.chars().count();
                // Control characters break lists and logs, and PostgreSQL cannot hold U+0000 at all.
                if !(1..=LONGEST).contains(&length) || text.contains(char::is_control) {
                    return Err(TextError);
                }
                Ok(Self($keep(text)))
            }
        }
    )*};
}

line_of_text! {
    /// A book's title: 1 to 500 characters, no control characters.
    Title: str::to_owned;
    /// A book's author: 1 to 500 characters, no control characters.
    Author: str::to_owned;
    /// Text to look for, in lower case.
    Needle: folded;
}

impl Title {
    /// What a [`Needle`] is looked for in.
    #[must_use]
    pub fn folded(&self) -> String {
        folded(&self.0)
    }
}

impl Author {
    /// What a [`Needle`] is looked for in.
    #[must_use]
    pub fn folded(&self) -> String {
        folded(&self.0)
    }
}

/// Lower case letter by letter. `str::to_lowercase` looks at neighbours (Σ at a word's end), so that a part of a
/// text would fold otherwise than the whole; the databases' own `lower` differ between engines.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_has_1_to_500_characters_and_no_controls() {
        for good in ["a", " ", "Cem anos de solidão", "源氏物語", &"ã".repeat(500)] {
            assert_eq!(good.parse::<Title>().unwrap().as_str(), good);
        }
        for wrong in ["", "a\0b", "a\nb", "\u{85}", "\u{7f}", &"ã".repeat(501)] {
            assert_eq!(wrong.parse::<Title>(), Err(TextError), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn every_part_of_a_title_finds_it(before in "\\PC{0,20}", part in "\\PC{1,20}", after in "\\PC{0,20}") {
            let title: Title = format!("{before}{part}{after}").parse().unwrap();
            let needle: Needle = part.parse().unwrap();
            prop_assert!(title.folded().contains(needle.as_str()));
        }
    }

    #[test]
    fn case_does_not_matter_in_any_script() {
        let title: Title = "O CORTIÇO, ΟΔΟΣ".parse().unwrap();
        for part in ["cortiço", "Cortiço", "οδοσ", "ΟΔΟΣ"] {
            assert!(title.folded().contains(part.parse::<Needle>().unwrap().as_str()), "{part}");
        }
    }
}
