//! Rust source told apart: code, string literals, and where the tests in it begin.

use std::iter::Peekable;
use std::str::CharIndices;

/// A Rust file's parts that are not tests.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The code, comments and the contents of literals blanked, line for line as in the file.
    pub(super) code: String,
    /// String literals and the lines on which they begin.
    pub(super) literals: Vec<(usize, String)>,
}

impl Source {
    pub(super) fn of(text: &str) -> Self {
        let mut scanner =
            Scanner { text, chars: text.char_indices().peekable(), line: 1, source: Self::default() };
        scanner.scan();
        let mut source = scanner.source;
        let lines = lines_before_tests(&source.code);
        source.code = source.code.split_inclusive('\n').take(lines).collect();
        source.literals.retain(|(line, _)| *line <= lines);
        source
    }

    /// The lines of code that hold `word`, not as a part of a longer name.
    pub(super) fn lines_with(&self, word: &str) -> impl Iterator<Item = usize> {
        let holds = move |(index, line): (usize, &str)| holds_word(line, word).then_some(index + 1);
        self.code.lines().enumerate().filter_map(holds)
    }

    /// How many lines the file has before its tests.
    pub(super) fn lines(&self) -> usize {
        self.code.lines().count()
    }
}

/// Whether `text` holds `word` with no letter, digit or `_` on either side that would make it another one.
pub(super) fn holds_word(text: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back().is_some_and(is_name) && word.starts_with(is_name);
        let after = text[start + word.len()..].chars().next().is_some_and(is_name) && word.ends_with(is_name);
        !before && !after
    })
}

/// The lines above the module of tests: a `#[cfg(test)]` over something smaller does not end the code.
fn lines_before_tests(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let opens_tests = |index: &usize| {
        let next = lines[index + 1..].iter().find(|line| !line.is_empty() && !line.starts_with("#["));
        lines[*index] == "#[cfg(test)]"
            && next.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    };
    (0..lines.len()).find(opens_tests).unwrap_or(lines.len())
}

struct Scanner<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    line: usize,
    source: Source,
}

impl Scanner<'_> {
    fn scan(&mut self) {
        while let Some(&(at, c)) = self.chars.peek() {
            let rest = &self.text[at..];
            if rest.starts_with("//") {
                self.blank_while(|scanner| scanner.rest().starts_with(|c| c != '\n'));
            } else if rest.starts_with("/*") {
                self.block_comment();
            } else if let Some(hashes) = self.raw_string_opens(at) {
                self.raw_string(hashes);
            } else if c == '"' {
                self.string();
            } else if c == '\'' && is_char_literal(rest) {
                self.char_literal();
            } else {
                self.keep();
            }
        }
    }

    fn rest(&mut self) -> &str {
        self.chars.peek().map_or("", |&(at, _)| &self.text[at..])
    }

    fn keep(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        self.line += usize::from(c == '\n');
        self.source.code.push(c);
        Some(c)
    }

    fn keep_all(&mut self, count: usize) {
        for _ in 0..count {
            self.keep();
        }
    }

    fn blank(&mut self) -> Option<char> {
        let (_, c) = self.chars.next()?;
        self.line += usize::from(c == '\n');
        self.source.code.push(if c == '\n' { '\n' } else { ' ' });
        Some(c)
    }

    fn blank_while(&mut self, goes_on: impl Fn(&mut Self) -> bool) {
        while goes_on(self) && self.blank().is_some() {}
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            let (opens, closes) = (self.rest().starts_with("/*"), self.rest().starts_with("*/"));
            depth = if opens {
                depth + 1
            } else if closes {
                depth - 1
            } else {
                depth
            };
            if opens || closes {
                self.blank();
            }
            if self.blank().is_none() || depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        let (line, mut literal) = (self.line, String::new());
        self.keep();
        while let Some(c) = self.chars.peek().map(|&(_, c)| c) {
            match c {
                '"' => break,
                '\\' => {
                    self.blank();
                    let escaped = self.blank();
                    literal.push(if escaped == Some('"') { '"' } else { ' ' });
                }
                _ => literal.extend(self.blank()),
            }
        }
        self.keep();
        self.source.literals.push((line, literal));
    }

    /// The number of `#` if a raw string opens here.
    fn raw_string_opens(&self, at: usize) -> Option<usize> {
        let in_name =
            self.text[..at].ends_with(|c: char| c.is_alphanumeric() && c != 'b' && c != 'c' || c == '_');
        let after = self.text[at..].strip_prefix('r').filter(|_| !in_name)?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        after[hashes..].starts_with('"').then_some(hashes)
    }

    fn raw_string(&mut self, hashes: usize) {
        let line = self.line;
        let end = format!("\"{}", "#".repeat(hashes));
        self.keep_all(hashes + 2);
        let mut literal = String::new();
        while !self.rest().starts_with(&end) {
            let Some(c) = self.blank() else { break };
            literal.push(c);
        }
        self.keep_all(end.len());
        self.source.literals.push((line, literal));
    }

    fn char_literal(&mut self) {
        self.keep();
        if self.blank() == Some('\\') {
            self.blank();
        }
        self.blank_while(|scanner| !scanner.rest().starts_with('\''));
        self.keep();
    }
}

/// A quote that opens a character rather than a lifetime.
fn is_char_literal(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_not_code() {
        let text = "let a = \"x \\\" axum\"; // axum\n/* axum /* axum */ axum */ let b: &'a str = r#\"a\"x\"#; let c = '\"'; axum";
        let source = Source::of(text);
        assert_eq!(source.lines_with("axum").collect::<Vec<_>>(), [2]);
        assert_eq!(source.code.matches("axum").count(), 1);
        assert_eq!(source.literals, [(1, "x \" axum".to_owned()), (2, "a\"x".to_owned())]);
    }

    #[test]
    fn the_module_of_tests_is_left_out() {
        let source =
            Source::of("fn a() {}\n#[cfg(test)]\nuse x;\n\n#[cfg(test)]\nmod tests {\n    \"t\"\n}\n");
        assert_eq!(source.lines(), 4);
        assert!(source.literals.is_empty());
    }

    #[test]
    fn a_word_is_not_a_part_of_a_longer_one() {
        assert!(holds_word("(Clock)", "Clock"));
        assert!(!holds_word("MockClock", "Clock"));
        assert!(!holds_word("Clocks", "Clock"));
        assert!(holds_word("use axum::Router", "axum::"));
    }
}
