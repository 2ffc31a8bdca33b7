//! Stationery: what many pages have in common, drawn, compressed and laid out in bytes once.

use std::sync::Arc;

use pdf_writer::types::ProcSet;
use pdf_writer::{Chunk, Filter, Finish as _, Name, Rect, Ref, TextStr};

use crate::ink::Ink;
use crate::page::{BOLD, REGULAR};
use crate::{Fonts, Page, Run, Size, Weight};

/// zlib's best: it is done once.
const BEST: u8 = 9;
const HEADER: &[u8] = b"%PDF-1.7\n%\x80\x80\x80\x80\n\n";
pub(crate) const CATALOG: Ref = Ref::new(1);
pub(crate) const PAGES: Ref = Ref::new(2);
pub(crate) const INFO: Ref = Ref::new(3);
pub(crate) const RESOURCES: Ref = Ref::new(4);
const REGULAR_FONT: [Ref; 3] = [Ref::new(5), Ref::new(6), Ref::new(7)];
const BOLD_FONT: [Ref; 3] = [Ref::new(8), Ref::new(9), Ref::new(10)];
/// Objects with a number of their own in every document.
const FIXED: usize = 10;

/// Something printed on a [`Stationery`] beforehand, that a page puts where it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form(Ref);

impl Form {
    pub(crate) fn name(self) -> String {
        format!("F{}", self.0.get())
    }
}

/// Fonts and forms that every page of every document made from it shares. A document costs no more than a copy of their
/// bytes and its own content.
#[derive(Debug)]
pub struct Stationery {
    pub(crate) fonts: Arc<Fonts>,
    pub(crate) size: Size,
    /// How each document begins.
    pub(crate) beginning: Vec<u8>,
    /// Where in it each object stands, by its number less one; 0 for those that a document writes itself.
    pub(crate) offsets: Vec<u64>,
    forms: Vec<Form>,
}

impl Stationery {
    /// For pages of one size, in a language such as `pt-BR`. Takes milliseconds.
    #[must_use]
    pub fn new(fonts: Arc<Fonts>, size: Size, language: &str) -> Self {
        let mut it =
            Self { fonts, size, beginning: HEADER.to_vec(), offsets: vec![0; FIXED], forms: Vec::new() };
        let mut catalog = Chunk::new();
        catalog
            .indirect(CATALOG)
            .start::<pdf_writer::writers::Catalog<'_>>()
            .pages(PAGES)
            .lang(TextStr(language));
        it.put(CATALOG, &catalog);
        for (weight, ids) in [(Weight::Regular, REGULAR_FONT), (Weight::Bold, BOLD_FONT)] {
            for (object, id) in it.fonts.objects(weight, ids).into_iter().zip(ids) {
                it.put(id, &object);
            }
        }
        it
    }

    /// Prints a form of a page's size.
    pub fn form(&mut self, draw: impl FnOnce(&mut Page<'_>)) -> Form {
        let mut ink = Ink::default();
        draw(&mut Page::new(&self.fonts, &mut ink, self.size));
        let content = miniz_oxide::deflate::compress_to_vec_zlib(ink.bytes(), BEST);
        self.offsets.push(0);
        let id = Ref::new(i32::try_from(self.offsets.len()).unwrap_or(i32::MAX));
        let mut chunk = Chunk::with_capacity(content.len() + 256);
        let mut object = chunk.form_xobject(id, &content);
        object.bbox(Rect::new(0.0, 0.0, self.size.width, self.size.height));
        fonts_of(&mut object.resources());
        object.filter(Filter::FlateDecode);
        object.finish();
        self.put(id, &chunk);
        let form = Form(id);
        self.forms.push(form);
        form
    }

    /// Begins a document, at the end of `out`.
    pub fn run(&self, out: &mut Vec<u8>) -> Run<'_> {
        Run::begin(self, out)
    }

    /// What every page may use.
    pub(crate) fn resources(&self) -> Chunk {
        let mut chunk = Chunk::new();
        let mut resources = chunk.indirect(RESOURCES).start::<pdf_writer::writers::Resources<'_>>();
        fonts_of(&mut resources);
        let mut forms = resources.x_objects();
        for form in &self.forms {
            forms.pair(Name(form.name().as_bytes()), form.0);
        }
        forms.finish();
        resources.finish();
        chunk
    }

    fn put(&mut self, id: Ref, object: &Chunk) {
        let number = usize::try_from(id.get()).unwrap_or_default();
        if let Some(offset) = self.offsets.get_mut(number - 1) {
            *offset = self.beginning.len() as u64;
        }
        self.beginning.extend_from_slice(object.as_bytes());
    }
}

fn fonts_of(resources: &mut pdf_writer::writers::Resources<'_>) {
    resources.proc_sets([ProcSet::Pdf, ProcSet::Text]);
    resources.fonts().pair(REGULAR, REGULAR_FONT[0]).pair(BOLD, BOLD_FONT[0]);
}
