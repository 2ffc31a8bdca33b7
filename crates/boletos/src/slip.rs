//! The slip on paper: a boleto as PDF, alone, three to a page in a booklet, or thousands in one file.
//!
//! Portuguese, in the layout of Banco Central's Carta-Circular 2.926 (2000) and its successors: the payer's receipt above,
//! the compensation slip below, with its barcode 103 by 13 mm, 5 mm from the left and its centre 12 mm above the lower
//! edge. What is the same on all of them is drawn once and shared ([`comporta_pdf::Stationery`]).

mod archive;
mod bars;
mod booklet;
mod compensation;
mod matrix;
mod pen;
mod pix;
mod receipt;

use std::sync::{Arc, OnceLock};

use comporta_pdf::{A4, Fonts, Form, Page, Run, Stationery, TooManyPages};

pub use archive::{Archive, ArchiveFull};
use matrix::{Matrices, Matrix};
use pen::Pen;

/// Slips on a page of a booklet.
const TO_A_PAGE: usize = 3;

/// Somebody named on a slip.
#[derive(Clone, Copy, Debug, Default)]
pub struct Party<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their document with its kind, such as `CNPJ 12.345.678/0001-95`.
    pub document: &'a str,
    /// Street, town, state and postal code in one line.
    pub address: &'a str,
}

/// What a slip shows, as ready text. What is too long for its box is set narrower, then shortened; what is empty stays
/// blank.
#[derive(Clone, Copy, Debug)]
pub struct Slip<'a> {
    /// The bank's name.
    pub bank_name: &'a str,
    /// Its code with the check digit, such as `341-7`.
    pub bank_code: &'a str,
    /// The barcode's digits, in ASCII.
    pub barcode: &'a [u8; 44],
    /// The digitable line, with its dots and spaces.
    pub line: &'a str,
    /// What the Pix QR code says (BR Code); also shown to be copied.
    pub pix: Option<&'a str>,
    /// Where it may be paid.
    pub payment_place: &'a str,
    /// When it is due.
    pub due_date: &'a str,
    /// Who is paid.
    pub beneficiary: Party<'a>,
    /// The beneficiary's branch and code.
    pub branch_and_code: &'a str,
    /// When the document that it stands for was made.
    pub document_date: &'a str,
    /// That document's number.
    pub document_number: &'a str,
    /// Its kind, such as `DM`.
    pub document_kind: &'a str,
    /// Whether the payer has accepted it: `S` or `N`.
    pub acceptance: &'a str,
    /// When the boleto was issued.
    pub processing_date: &'a str,
    /// The bank's number of the boleto.
    pub our_number: &'a str,
    /// A field that banks use as they like.
    pub bank_use: &'a str,
    /// The bank's portfolio (carteira).
    pub portfolio: &'a str,
    /// The currency: `R$`.
    pub currency: &'a str,
    /// How many units of the currency, if it is not money.
    pub quantity: &'a str,
    /// What a unit is worth.
    pub unit_value: &'a str,
    /// The face value.
    pub amount: &'a str,
    /// Discounts and rebates.
    pub discount: &'a str,
    /// What else is taken off.
    pub other_deductions: &'a str,
    /// Interest and fine.
    pub fine: &'a str,
    /// What else is added.
    pub other_additions: &'a str,
    /// What was paid.
    pub charged: &'a str,
    /// What the cashier is told, with line breaks.
    pub instructions: &'a str,
    /// What the payer is told, with line breaks; on the receipt alone.
    pub statement: &'a str,
    /// Which of how many, such as `3/12`; on booklets' stubs.
    pub instalment: &'a str,
    /// Who pays.
    pub payer: Party<'a>,
    /// Who stands behind the payer, or drew the title: name and document in one line.
    pub guarantor: &'a str,
    /// The code of the write-off.
    pub write_off_code: &'a str,
}

/// Why a slip cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum SlipError {
    /// The barcode holds something else than digits.
    #[error("the barcode is not 44 digits")]
    Barcode,
    /// The Pix payload is too long for a payment code.
    #[error("the Pix code is longer than {} bytes", matrix::MAX_PAYLOAD)]
    PixTooLong,
    /// The document is full.
    #[error(transparent)]
    TooManyPages(#[from] TooManyPages),
}

/// How slips lie on pages of A4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// One on each, with the payer's receipt above.
    Sheets,
    /// Three on each, with a stub on the left: a carnê.
    Booklet,
}

/// Draws slips.
#[derive(Debug)]
pub struct Slips {
    fonts: Arc<Fonts>,
    sheets: OnceLock<Sheets>,
    booklets: OnceLock<Booklets>,
    matrices: Matrices,
}

#[derive(Debug)]
struct Sheets {
    stationery: Stationery,
    plain: Form,
    with_pix: Form,
}

#[derive(Debug)]
struct Booklets {
    stationery: Stationery,
    part: Form,
}

impl Slips {
    /// What all have in common is drawn when the first of its kind is: that takes some milliseconds.
    #[must_use]
    pub fn new(fonts: Arc<Fonts>) -> Self {
        Self { fonts, sheets: OnceLock::new(), booklets: OnceLock::new(), matrices: Matrices::default() }
    }

    /// A document of one slip: the same bytes each time.
    ///
    /// # Errors
    /// When the barcode or the Pix code cannot be drawn.
    pub fn pdf(&self, slip: &Slip<'_>) -> Result<Vec<u8>, SlipError> {
        let mut out = Vec::with_capacity(48 * 1024);
        let mut run = self.run(Paper::Sheets, &mut out);
        run.slips(std::slice::from_ref(slip), &mut out)?;
        let title = ["Boleto", slip.document_number, slip.payer.name].map(str::trim);
        run.finish(title.join(" ").trim_end(), &mut out);
        Ok(out)
    }

    /// Begins a document of many slips, at the end of `out`.
    pub fn run(&self, paper: Paper, out: &mut Vec<u8>) -> SlipRun<'_> {
        let stationery = match paper {
            Paper::Sheets => &self.sheets().stationery,
            Paper::Booklet => &self.booklets().stationery,
        };
        SlipRun { slips: self, paper, run: stationery.run(out) }
    }

    fn sheets(&self) -> &Sheets {
        self.sheets.get_or_init(|| {
            let mut stationery = Stationery::new(self.fonts.clone(), A4, "pt-BR");
            let plain = stationery.form(|page| draw_sheet(&mut Pen::form(page), false));
            let with_pix = stationery.form(|page| draw_sheet(&mut Pen::form(page), true));
            Sheets { stationery, plain, with_pix }
        })
    }

    fn booklets(&self) -> &Booklets {
        self.booklets.get_or_init(|| {
            let mut stationery = Stationery::new(self.fonts.clone(), A4, "pt-BR");
            let part = stationery.form(|page| booklet::draw(&mut Pen::form(page)));
            Booklets { stationery, part }
        })
    }

    fn draw_sheet(&self, page: &mut Page<'_>, ready: &Ready<'_, '_>) {
        let with_pix = ready.matrix.is_some();
        let sheets = self.sheets();
        page.form(if with_pix { sheets.with_pix } else { sheets.plain }, (0.0, 0.0));
        draw_sheet(&mut Pen::values(page, ready), with_pix);
    }

    fn draw_parts(&self, page: &mut Page<'_>, ready: &[Ready<'_, '_>]) {
        for (number, ready) in (0u8..).zip(ready) {
            let down = f32::from(number) * booklet::HEIGHT;
            page.form(self.booklets().part, (0.0, pen::points(down)));
            booklet::draw(&mut Pen::values(page, ready).moved_down(down));
        }
    }

    fn ready<'s, 'a>(&self, slip: &'s Slip<'a>) -> Result<Ready<'s, 'a>, SlipError> {
        if !slip.barcode.iter().all(u8::is_ascii_digit) {
            return Err(SlipError::Barcode);
        }
        let matrix = match slip.pix {
            Some(payload) => Some(self.matrices.encode(payload).ok_or(SlipError::PixTooLong)?),
            None => None,
        };
        Ok(Ready { slip, matrix })
    }
}

/// A document of many slips that is being written.
///
/// Each call puts the bytes that come next at the end of a buffer, which may be emptied between calls.
#[derive(Debug)]
pub struct SlipRun<'s> {
    slips: &'s Slips,
    paper: Paper,
    run: Run<'s>,
}

impl SlipRun<'_> {
    /// Writes slips, from a new page on: of a booklet, give three at a time, or all.
    ///
    /// # Errors
    /// When a slip cannot be drawn, before any of its page is; when there are [`comporta_pdf::MAX_PAGES`].
    pub fn slips(&mut self, slips: &[Slip<'_>], out: &mut Vec<u8>) -> Result<(), SlipError> {
        let each = match self.paper {
            Paper::Sheets => 1,
            Paper::Booklet => TO_A_PAGE,
        };
        for slips in slips.chunks(each) {
            let ready = slips.iter().map(|slip| self.slips.ready(slip)).collect::<Result<Vec<_>, _>>()?;
            let (paper, slips_of) = (self.paper, self.slips);
            self.run.page(out, |page| match paper {
                Paper::Sheets => ready.iter().for_each(|ready| slips_of.draw_sheet(page, ready)),
                Paper::Booklet => slips_of.draw_parts(page, &ready),
            })?;
        }
        Ok(())
    }

    /// Writes the end. `title` is what a viewer calls the document.
    pub fn finish(self, title: &str, out: &mut Vec<u8>) {
        self.run.finish(title, out);
    }
}

/// A slip with all that is computed for it.
struct Ready<'s, 'a> {
    slip: &'s Slip<'a>,
    matrix: Option<Matrix>,
}

fn draw_sheet(pen: &mut Pen<'_, '_>, with_pix: bool) {
    receipt::draw(pen, with_pix);
    compensation::draw(pen, &compensation::ON_SHEET);
}

#[cfg(test)]
mod tests;
