//! A slip of a booklet (carnê): a third of a page, with the payer's stub on the left.

use comporta_pdf::{Align, Style, Weight};

use super::compensation::{self, Layout};
use super::pen::{Area, Field, LABEL, PLAIN, Pen, STRONG};
use super::pix;

/// A third of a page, in millimetres.
pub(super) const HEIGHT: f32 = 99.0;
/// Where the stub is torn off: what remains is 172 mm wide, drawn from 5 mm on.
const CUT: f32 = 38.0;
const STUB: Area = Area { x: 3.5, y: 3.5, width: 31.0, height: 90.0 };
const COMPENSATION: Layout = Layout {
    left: CUT + 5.0,
    top: 2.0,
    bottom: HEIGHT,
    width: 162.0,
    amounts: 42.0,
    bank: 24.0,
    bank_size: 9.0,
    code: 19.0,
    head: 9.0,
    row: 6.6,
    beneficiary: 9.4,
    charge: 5.6,
    payer: 10.2,
};
/// The QR code, with its quiet zone.
const CODE: f32 = 25.5;
const COPIED: f32 = 4.6;
const TITLE: Style = Style::new(Weight::Bold, 8.0);

pub(super) fn draw(pen: &mut Pen<'_, '_>) {
    stub(pen);
    pen.cut((CUT, 0.0), (CUT, HEIGHT));
    pen.cut((0.0, HEIGHT), (210.0, HEIGHT));
    let instructions = compensation::frame(pen, &COMPENSATION);
    instruct(pen, instructions);
}

/// What the payer keeps.
fn stub(pen: &mut Pen<'_, '_>) {
    let Area { x, y, width, .. } = STUB;
    pen.value(x, y + 4.6, &TITLE, 20.0, |slip| slip.bank_name);
    pen.value(x + width, y + 4.6, &TITLE.align(Align::Right), 10.0, |slip| slip.bank_code);
    pen.bar((x, y + 7.5), (x + width, y + 7.5));
    let right = PLAIN.align(Align::Right);
    let strong = STRONG.align(Align::Right);
    let fields = [
        Field("Parcela", width, right, |slip| slip.instalment),
        Field("Vencimento", width, strong, |slip| slip.due_date),
        Field("Agência / Código do beneficiário", width, right, |slip| slip.branch_and_code),
        Field("Nosso número", width, right, |slip| slip.our_number),
        Field("Nº do documento", width, right, |slip| slip.document_number),
        Field("(=) Valor do documento", width, strong, |slip| slip.amount),
        Field("(-) Desconto / Abatimento", width, right, |slip| slip.discount),
        Field("(+) Mora / Multa", width, right, |slip| slip.fine),
        Field("(=) Valor cobrado", width, right, |slip| slip.charged),
        Field("Beneficiário", width, PLAIN, |slip| slip.beneficiary.name),
        Field("Pagador", width, PLAIN, |slip| slip.payer.name),
    ];
    let mut top = y + 7.5;
    for field in fields {
        pen.row((x, top), 6.9, &[field]);
        top += 6.9;
    }
    pen.word(x + width, top + 3.0, &LABEL.align(Align::Right), "Recibo do Pagador");
}

/// The instructions, with Pix on their right if there is one.
fn instruct(pen: &mut Pen<'_, '_>, area: Area) {
    if pen.ready().is_none_or(|ready| ready.matrix.is_none()) {
        compensation::instruct(pen, area);
        return;
    }
    let left = area.x + area.width - CODE - 1.0;
    pix::code(pen, left, area.y + 2.6, CODE);
    let centre = TITLE.align(Align::Centre);
    pen.text(left + CODE / 2.0, area.y + 3.2, &centre, CODE, "Pague com Pix");
    let beside = Area { width: area.width - CODE - 1.0, ..area };
    let inside = beside.inside();
    let Some(payload) = pen.ready().and_then(|ready| ready.slip.pix) else { return };
    let below = pix::copied_at_bottom(pen, payload, inside, COPIED);
    compensation::instruct(pen, Area { height: beside.height - below, ..beside });
}
