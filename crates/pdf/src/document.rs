//! A document: its pages, and the bytes they become.

use pdf_writer::{Filter, Finish as _, Pdf, Rect, Ref, TextStr};

use crate::ink::Ink;
use crate::page::{BOLD, REGULAR};
use crate::{Fonts, Page, Size, Weight};

/// zlib's usual balance.
const USUAL: u8 = 6;
const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
const REGULAR_FONT: [Ref; 3] = [Ref::new(4), Ref::new(5), Ref::new(6)];
const BOLD_FONT: [Ref; 3] = [Ref::new(7), Ref::new(8), Ref::new(9)];
const FIRST_PAGE: i32 = 10;

/// A document that is being written.
pub struct Document<'f> {
    fonts: &'f Fonts,
    title: String,
    language: &'static str,
    pages: Vec<(Size, Ink)>,
}

impl<'f> Document<'f> {
    /// An empty document: what a viewer calls it, and the language that it is read out in, such as `pt-BR`.
    #[must_use]
    pub fn new(fonts: &'f Fonts, title: impl Into<String>, language: &'static str) -> Self {
        Self { fonts, title: title.into(), language, pages: Vec::new() }
    }

    /// A new page behind those there are.
    pub fn page(&mut self, size: Size) -> Page<'_> {
        let (_, ink) = self.pages.push_mut((size, Ink::default()));
        Page::new(self.fonts, ink, size)
    }

    /// Its bytes, PDF 1.7 (ISO 32000-1).
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let mut pdf = Pdf::with_capacity(48 * 1024);
        pdf.catalog(CATALOG).pages(PAGES).lang(TextStr(self.language));
        pdf.document_info(INFO).title(TextStr(&self.title)).producer(TextStr("Comporta"));
        let ids = |at: usize| {
            let first = FIRST_PAGE + 2 * i32::try_from(at).unwrap_or(i32::MAX / 4);
            (Ref::new(first), Ref::new(first + 1))
        };
        let count = self.pages.len();
        pdf.pages(PAGES).kids((0..count).map(|at| ids(at).0)).count(i32::try_from(count).unwrap_or(i32::MAX));
        for (at, (size, ink)) in self.pages.into_iter().enumerate() {
            let (page_id, content_id) = ids(at);
            let mut page = pdf.page(page_id);
            page.parent(PAGES).media_box(Rect::new(0.0, 0.0, size.width, size.height)).contents(content_id);
            let mut resources = page.resources();
            resources.fonts().pair(REGULAR, REGULAR_FONT[0]).pair(BOLD, BOLD_FONT[0]);
            resources.finish();
            page.finish();
            let content = miniz_oxide::deflate::compress_to_vec_zlib(ink.bytes(), USUAL);
            pdf.stream(content_id, &content).filter(Filter::FlateDecode);
        }
        for (weight, ids) in [(Weight::Regular, REGULAR_FONT), (Weight::Bold, BOLD_FONT)] {
            for object in self.fonts.objects(weight, ids) {
                pdf.extend(&object);
            }
        }
        pdf.finish()
    }
}

impl std::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("title", &self.title).field("pages", &self.pages.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::{A4, Align, Colour, Style};

    use super::*;

    fn sample(fonts: &Fonts) -> Vec<u8> {
        let mut document = Document::new(fonts, "Fatura – março", "pt-BR");
        for number in 1..=2 {
            let mut page = document.page(A4);
            page.area((30.0, 30.0), Size { width: 100.0, height: 20.0 }, Colour::grey(0.9));
            let style = Style::new(Weight::Bold, 12.0).align(Align::Right);
            page.text(130.0, 45.0, &style, &format!("Página (nº {number}) \\"));
            page.line((30.0, 60.0), (130.0, 60.0), 0.5);
        }
        document.finish()
    }

    #[test]
    fn the_same_content_gives_the_same_bytes_and_few() {
        let bytes = sample(&Fonts::load().unwrap());
        assert_eq!(bytes, sample(&Fonts::load().unwrap()));
        assert!(bytes.len() < 30_000, "{}", bytes.len());
        assert!(bytes.ends_with(b"%%EOF"));
    }

    #[test]
    fn every_entry_of_the_cross_reference_leads_to_its_object() {
        let bytes = sample(&Fonts::load().unwrap());
        let text = String::from_utf8_lossy(&bytes[bytes.len() - 1_000..]).into_owned();
        let start: usize = text.split("startxref\n").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        let table = String::from_utf8(bytes[start..].to_vec()).unwrap();
        let entries: Vec<&str> =
            table.lines().skip(2).take_while(|line| !line.starts_with("trailer")).collect();
        assert_eq!(entries.len(), 1 + 9 + 2 * 2);
        for (number, entry) in entries.iter().enumerate().skip(1) {
            let offset: usize = entry[..10].parse().unwrap();
            assert!(bytes[offset..].starts_with(format!("{number} 0 obj").as_bytes()), "{number}");
        }
    }
}
