//! Where the records of a CSV file begin, found in one pass over its bytes as they arrive (RFC 4180).

use memchr::{memchr, memchr_iter, memchr2};

use super::{FileFault, Layout};

/// A record that is longer is no debt: it bounds what a file can make us hold.
pub const LONGEST_RECORD: u64 = 64 * 1024;

/// Lines of a span at most, which bounds what the rows of a file of very short ones take while they are checked.
const MOST_LINES: u64 = 200_000;

/// The bytes that tell gzip and UTF-16 from text.
const SIGNATURE: usize = 2;

/// A run of whole records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub begin: u64,
    /// The byte behind its last.
    pub end: u64,
    /// The line of the file it begins at, from 1.
    pub first_line: u64,
}

/// Reads a file piece by piece: its header, and where it may be cut between two records. Holds little, however long
/// the file or a line of it is.
#[derive(Debug)]
pub struct RecordScanner {
    span_bytes: u64,
    /// Bytes seen.
    offset: u64,
    /// The line that the next byte stands on.
    line: u64,
    /// The byte seen last.
    previous: u8,
    is_quoted: bool,
    /// Behind the quote that closed the last quoted field: another quote there is an escaped one.
    closed_at: u64,
    record: Place,
    span: Place,
    /// The first bytes, which tell what a file is.
    signature: Vec<u8>,
    head: Vec<u8>,
    layout: Option<Layout>,
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u64,
    line: u64,
}

impl RecordScanner {
    /// A scanner that cuts a file into spans of about so many bytes, or fewer if their lines are short.
    #[must_use]
    pub const fn new(span_bytes: u64) -> Self {
        let start = Place { offset: 0, line: 1 };
        Self {
            span_bytes,
            offset: 0,
            line: 1,
            previous: b'\n',
            is_quoted: false,
            closed_at: u64::MAX,
            record: start,
            span: start,
            signature: Vec::new(),
            head: Vec::new(),
            layout: None,
            spans: Vec::new(),
        }
    }

    /// Reads on.
    ///
    /// # Errors
    /// What makes the file no CSV of debts, as soon as it shows.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), FileFault> {
        let room = SIGNATURE.saturating_sub(self.signature.len()).min(piece.len());
        self.signature.extend_from_slice(&piece[..room]);
        if memchr(0, piece).is_some() {
            Layout::sniff(&self.signature)?;
            return Err(FileFault::Binary);
        }
        let (begin, mut at) = (self.offset, 0);
        while let Some(found) = self.next_mark(&piece[at..]) {
            let mark = at + found;
            if self.is_quoted {
                self.line += memchr_iter(b'\n', &piece[at..mark]).count() as u64;
            }
            self.keep_head(&piece[at..=mark]);
            self.offset = begin + mark as u64 + 1;
            let before = if mark == 0 { self.previous } else { piece[mark - 1] };
            self.pass(piece[mark], before)?;
            at = mark + 1;
        }
        if self.is_quoted {
            self.line += memchr_iter(b'\n', &piece[at..]).count() as u64;
        }
        self.keep_head(&piece[at..]);
        self.offset = begin + piece.len() as u64;
        self.previous = piece.last().copied().unwrap_or(self.previous);
        self.check_length()
    }

    /// The end of the file: what its columns are, and its spans, in their order.
    ///
    /// # Errors
    /// What makes the file no CSV of debts.
    pub fn finish(mut self) -> Result<(Layout, Vec<Span>), FileFault> {
        if self.is_quoted {
            return Err(FileFault::UnclosedQuote { line: self.record.line });
        }
        self.end_record()?;
        self.cut();
        let layout = self.layout.ok_or(FileFault::Empty)?;
        Ok((layout, self.spans))
    }

    fn next_mark(&self, rest: &[u8]) -> Option<usize> {
        if self.is_quoted { memchr(b'"', rest) } else { memchr2(b'\n', b'"', rest) }
    }

    /// Takes a mark, whose end is at `self.offset`.
    fn pass(&mut self, mark: u8, before: u8) -> Result<(), FileFault> {
        if mark == b'\n' {
            self.line += 1;
            return self.end_record();
        }
        if self.is_quoted {
            self.is_quoted = false;
            self.closed_at = self.offset;
        } else if self.offset - 1 == self.closed_at || self.begins_field(before) {
            self.is_quoted = true;
        }
        Ok(())
    }

    /// A quote within a field that did not begin with one is a character like others.
    fn begins_field(&self, before: u8) -> bool {
        match (before, &self.layout) {
            (b'\n' | b'\r', _) => true,
            (byte, Some(layout)) => byte == layout.delimiter(),
            // The mark of UTF-8 ends with 0xBF.
            (byte, None) => matches!(byte, b',' | b';') || (self.offset == 4 && byte == 0xBF),
        }
    }

    fn end_record(&mut self) -> Result<(), FileFault> {
        self.check_length()?;
        let is_first = self.layout.is_none();
        if is_first {
            let head = std::mem::take(&mut self.head);
            // Lines before the header that hold nothing are passed over.
            self.layout = match Layout::read(&head) {
                Err(FileFault::Empty) => None,
                read => Some(read?),
            };
        }
        self.record = Place { offset: self.offset, line: self.line };
        if is_first {
            self.span = self.record;
        } else if self.offset - self.span.offset >= self.span_bytes
            || self.line - self.span.line >= MOST_LINES
        {
            self.cut();
        }
        Ok(())
    }

    fn cut(&mut self) {
        let Place { offset: begin, line: first_line } = self.span;
        if begin < self.offset {
            self.spans.push(Span { begin, end: self.offset, first_line });
        }
        self.span = Place { offset: self.offset, line: self.line };
    }

    fn check_length(&self) -> Result<(), FileFault> {
        let line = self.record.line;
        match self.offset - self.record.offset {
            ..=LONGEST_RECORD => Ok(()),
            // What is no text at all is told as what it is.
            _ if self.layout.is_none() => {
                Layout::read(&self.head).map(drop)?;
                Err(FileFault::RecordTooLong { line })
            }
            _ if self.is_quoted => Err(FileFault::UnclosedQuote { line }),
            _ => Err(FileFault::RecordTooLong { line }),
        }
    }

    fn keep_head(&mut self, bytes: &[u8]) {
        if self.layout.is_none() {
            let room = (LONGEST_RECORD as usize + 1).saturating_sub(self.head.len());
            self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "name,governmentId,email,debtAmount,debtDueDate,debtId\n";

    fn scan(text: &[u8], piece: usize, span: u64) -> Result<Vec<Span>, FileFault> {
        let mut scanner = RecordScanner::new(span);
        for piece in text.chunks(piece.max(1)) {
            scanner.feed(piece)?;
        }
        scanner.finish().map(|(_, spans)| spans)
    }

    #[test]
    fn spans_begin_and_end_between_records_and_know_their_lines() {
        let text = format!("{HEAD}\"a\nb\",1\nc \"d\",2\n\"e\"\"\n\",3");
        let spans = scan(text.as_bytes(), 1, 1).unwrap();
        let read = |span: &Span| &text[span.begin as usize..span.end as usize];
        let read: Vec<_> = spans.iter().map(|span| (read(span), span.first_line)).collect();
        assert_eq!(read, [("\"a\nb\",1\n", 2), ("c \"d\",2\n", 4), ("\"e\"\"\n\",3", 5)]);
    }

    #[test]
    fn short_rows_are_cut_by_their_number() {
        let text = format!("{HEAD}{}", "a\n".repeat(450_000));
        let spans = scan(text.as_bytes(), 8192, 1 << 24).unwrap();
        let lines: Vec<u64> = spans.iter().map(|span| span.first_line).collect();
        assert_eq!(lines, [2, 200_002, 400_002]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_by_its_line() {
        let text = format!("{HEAD}a,1\nb,\"2\nc,3\n");
        assert_eq!(scan(text.as_bytes(), 7, 100), Err(FileFault::UnclosedQuote { line: 3 }));
        let endless = format!("{HEAD}a,1\nb,\"2\n{}", "c,3\n".repeat(50_000));
        assert_eq!(scan(endless.as_bytes(), 4096, 100), Err(FileFault::UnclosedQuote { line: 3 }));
    }

    #[test]
    fn a_line_without_end_is_refused_long_before_it() {
        let mut scanner = RecordScanner::new(1 << 20);
        scanner.feed(HEAD.as_bytes()).unwrap();
        let piece = [b'x'; 8192];
        let fed = (0..1000).take_while(|_| scanner.feed(&piece).is_ok()).count();
        assert_eq!(fed, 8, "64 KiB");
        let mut headless = RecordScanner::new(1 << 20);
        let fed = (0..1000).take_while(|_| headless.feed(&piece).is_ok()).count();
        assert_eq!(fed, 8, "64 KiB");
    }

    #[test]
    fn what_is_no_text_is_told_as_what_it_is() {
        assert_eq!(scan(b"", 1, 1), Err(FileFault::Empty));
        assert_eq!(scan(b"\x1f\x8b\x08\x01abc\n", 1, 1), Err(FileFault::Gzip));
        assert_eq!(scan(b"\xff\xfen\x01a\x01\n", 3, 1), Err(FileFault::Utf16));
        assert_eq!(scan(b"\xff\xfen\x00a\x00", 3, 1), Err(FileFault::Utf16));
        assert_eq!(scan(&[HEAD.as_bytes(), b"a\0b\n"].concat(), 3, 1), Err(FileFault::Binary));
    }

    proptest! {
        #[test]
        fn the_pieces_it_comes_in_make_no_difference(body in "[a\",\r\n]{0,60}", piece in 1..70usize, span in 1..40u64) {
            let text = format!("{HEAD}{body}");
            prop_assert_eq!(scan(text.as_bytes(), piece, span), scan(text.as_bytes(), 1000, span));
        }

        #[test]
        fn a_file_in_spans_reads_as_the_whole_file(body in "([a ]{0,2}|\"([a,\n]|\"\"){0,4}\")((,|\n|\r\n)([a\"]{0,3}|\"([a,\n]|\"\"){0,4}\")){0,12}") {
            let text = format!("{HEAD}{body}");
            let Ok(spans) = scan(text.as_bytes(), 5, 3) else { return Ok(()) };
            let rows = |text: &str| -> Vec<csv::ByteRecord> {
                let mut reader = csv::ReaderBuilder::new();
                let mut reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
                reader.byte_records().map(Result::unwrap).collect()
            };
            let parted: Vec<_> = spans.iter().flat_map(|span| rows(&text[span.begin as usize..span.end as usize])).collect();
            prop_assert_eq!(parted, rows(&body));
        }
    }
}
