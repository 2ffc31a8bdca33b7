//! A document that is written piece by piece: its memory is that of one page, and eight bytes for each object.

use std::io::Write as _;

use pdf_writer::{Chunk, Rect, Ref, TextStr};

use crate::ink::Ink;
use crate::squeeze::squeeze;
use crate::stationery::{CATALOG, INFO, PAGES, RESOURCES};
use crate::{Page, Stationery};

/// How many pages a document may have.
pub const MAX_PAGES: usize = 100_000;
/// Pages below one node of the tree of pages: viewers look through one after another.
const GROUP: usize = 64;

/// A document that has [`MAX_PAGES`] already.
#[derive(Debug, thiserror::Error)]
#[error("a document has at most {MAX_PAGES} pages")]
pub struct TooManyPages;

/// A document that is being written; begun by [`Stationery::run`].
///
/// Each call puts the bytes that come next at the end of a buffer, which may be emptied between calls.
#[derive(Debug)]
pub struct Run<'s> {
    stationery: &'s Stationery,
    /// By the object's number less one.
    offsets: Vec<u64>,
    written: u64,
    pages: usize,
    /// Nodes of the tree of pages.
    groups: Vec<Ref>,
    /// Pages of the last node, which is not written yet.
    members: Vec<Ref>,
    /// Of the page that is being drawn; kept for its room.
    ink: Ink,
}

impl<'s> Run<'s> {
    pub(crate) fn begin(stationery: &'s Stationery, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&stationery.beginning);
        let mut run = Self {
            stationery,
            offsets: stationery.offsets.clone(),
            written: stationery.beginning.len() as u64,
            pages: 0,
            groups: Vec::new(),
            members: Vec::new(),
            ink: Ink::default(),
        };
        run.put(RESOURCES, &stationery.resources(), out);
        run
    }

    /// Writes the next page.
    ///
    /// # Errors
    /// When there are [`MAX_PAGES`].
    pub fn page(&mut self, out: &mut Vec<u8>, draw: impl FnOnce(&mut Page<'_>)) -> Result<(), TooManyPages> {
        if self.pages == MAX_PAGES {
            return Err(TooManyPages);
        }
        let size = self.stationery.size;
        self.ink.clear();
        draw(&mut Page::new(&self.stationery.fonts, &mut self.ink, size));
        let (page_id, content_id) = (self.next_id(), self.next_id());
        let group = self.group();
        let mut chunk = Chunk::new();
        let mut page = chunk.page(page_id);
        page.parent(group).media_box(Rect::new(0.0, 0.0, size.width, size.height)).contents(content_id);
        page.pair(pdf_writer::Name(b"Resources"), RESOURCES);
        drop(page);
        self.put(page_id, &chunk, out);
        self.put_content(content_id, out);
        self.members.push(page_id);
        self.pages += 1;
        if self.members.len() == GROUP {
            self.end_group(out);
        }
        Ok(())
    }

    /// Writes the end. `title` is what a viewer calls the document.
    pub fn finish(mut self, title: &str, out: &mut Vec<u8>) {
        self.end_group(out);
        let mut chunk = Chunk::new();
        let nodes = std::mem::take(&mut self.groups);
        chunk.pages(PAGES).kids(nodes).count(count(self.pages));
        self.put(PAGES, &chunk, out);
        let mut chunk = Chunk::new();
        chunk
            .indirect(INFO)
            .start::<pdf_writer::writers::DocumentInfo<'_>>()
            .title(TextStr(title))
            .producer(TextStr("Comporta"));
        self.put(INFO, &chunk, out);
        let entries = self.offsets.len() + 1;
        out.reserve(20 * entries + 256);
        // A Vec takes whatever is written.
        let _ = write!(out, "xref\n0 {entries}\n0000000000 65535 f\r\n");
        for offset in &self.offsets {
            let _ = write!(out, "{offset:010} 00000 n\r\n");
        }
        let (root, info) = (CATALOG.get(), INFO.get());
        let _ = write!(
            out,
            "trailer\n<<\n  /Size {entries}\n  /Root {root} 0 R\n  /Info {info} 0 R\n>>\nstartxref\n{}\n%%EOF",
            self.written
        );
    }

    /// The node that the next page belongs to.
    fn group(&mut self) -> Ref {
        match self.groups.last().filter(|_| !self.members.is_empty()) {
            Some(group) => *group,
            None => {
                let group = self.next_id();
                self.groups.push(group);
                group
            }
        }
    }

    fn end_group(&mut self, out: &mut Vec<u8>) {
        if self.members.is_empty() {
            return;
        }
        let group = self.group();
        let pages = self.members.len();
        let mut chunk = Chunk::new();
        chunk.pages(group).parent(PAGES).kids(self.members.drain(..)).count(count(pages));
        self.put(group, &chunk, out);
    }

    /// The number of an object that is still to be written.
    fn next_id(&mut self) -> Ref {
        self.offsets.push(0);
        Ref::new(count(self.offsets.len()))
    }

    /// What the page says, compressed where it is to stand: its length, in as many digits as it may have, is filled in.
    fn put_content(&mut self, id: Ref, out: &mut Vec<u8>) {
        let begin = out.len();
        // A Vec takes whatever is written.
        let _ = write!(out, "{} 0 obj\n<<\n  /Filter /FlateDecode\n  /Length ", id.get());
        let length_at = out.len();
        out.extend_from_slice(b"0000000000\n>>\nstream\n");
        let content_at = out.len();
        squeeze(self.ink.bytes(), out);
        let length = format!("{:010}", out.len() - content_at);
        if let Some(digits) = out.get_mut(length_at..length_at + length.len()) {
            digits.copy_from_slice(length.as_bytes());
        }
        out.extend_from_slice(b"\nendstream\nendobj\n\n");
        self.note(id, out.len() - begin);
    }

    fn put(&mut self, id: Ref, object: &Chunk, out: &mut Vec<u8>) {
        out.extend_from_slice(object.as_bytes());
        self.note(id, object.len());
    }

    /// An object of so many bytes has been written.
    fn note(&mut self, id: Ref, length: usize) {
        let number = usize::try_from(id.get()).unwrap_or_default();
        if let Some(offset) = self.offsets.get_mut(number - 1) {
            *offset = self.written;
        }
        self.written += length as u64;
    }
}

/// PDF's numbers are signed; [`MAX_PAGES`] keeps ours far below.
fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{A4, Block, Fonts, Size, Style, Weight};

    fn sample(pages: usize) -> Vec<u8> {
        let mut stationery = Stationery::new(Arc::new(Fonts::load().unwrap()), A4, "pt-BR");
        let style = Style::new(Weight::Bold, 12.0);
        let form = stationery.form(|page| page.text(30.0, 30.0, &style, "Recibo"));
        let mut out = Vec::new();
        let mut run = stationery.run(&mut out);
        for number in 1..=pages {
            run.page(&mut out, |page| {
                page.form(form, (0.0, 10.0));
                page.text(30.0, 60.0, &style, &number.to_string());
                let block = Block { x: 0, y: 0, width: 3, height: 1 };
                page.blocks((30.0, 90.0), Size { width: 0.5, height: 20.0 }, [block]);
            })
            .unwrap();
        }
        run.finish("Carnê", &mut out);
        out
    }

    #[test]
    fn the_same_pages_give_the_same_bytes_and_each_costs_its_content_alone() {
        assert_eq!(sample(3), sample(3));
        let each = (sample(200).len() - sample(100).len()) / 100;
        assert!(each < 700, "{each}");
    }

    #[test]
    fn every_entry_of_the_cross_reference_leads_to_its_object() {
        let pages = 2 * GROUP + 1;
        let bytes = sample(pages);
        let at = |from: usize, to: usize| String::from_utf8_lossy(&bytes[from..to]).into_owned();
        let end = at(bytes.len() - 60, bytes.len());
        let start: usize = end.split("startxref\n").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        let entries = 10 + 1 + 2 * pages + 3;
        assert!(bytes[start..].starts_with(format!("xref\n0 {}\n", entries + 1).as_bytes()));
        let table = &bytes[start + "xref\n0 273\n".len()..];
        for (number, entry) in table.chunks(20).take(entries + 1).enumerate().skip(1) {
            let entry = String::from_utf8_lossy(entry);
            assert!(entry.ends_with(" 00000 n\r\n"), "{entry:?}");
            let offset: usize = entry[..10].parse().unwrap();
            assert!(bytes[offset..].starts_with(format!("{number} 0 obj").as_bytes()), "{number}");
        }
    }
}
