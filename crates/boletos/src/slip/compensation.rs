//! The compensation slip (Ficha de Compensação): what the bank that is paid reads.

use comporta_pdf::{Align, Size, Style, Weight};

use super::bars;
use super::pen::{Area, Field, LABEL, PLAIN, Pen, STRONG, points};

const RIGHT: Align = Align::Right;
/// The bars, by the standard; their left end and their centre from the slip's lower left corner.
const BARS: Size = Size { width: 103.0, height: 13.0 };
const BARS_CENTRE: f32 = 12.0;
/// The digitable line: digits 3.5 mm high, as letters of Roboto are 0.711 of their size.
const LINE: Style = Style::new(Weight::Bold, 14.0).align(RIGHT);
/// The bank's code: 5 mm type.
const CODE: Style = Style::new(Weight::Bold, 17.0).align(Align::Centre);

/// How one is laid out, in millimetres.
pub(super) struct Layout {
    pub(super) left: f32,
    pub(super) top: f32,
    /// Where the paper ends below.
    pub(super) bottom: f32,
    pub(super) width: f32,
    /// Of the column of amounts on the right.
    pub(super) amounts: f32,
    pub(super) bank: f32,
    /// How large its name is written, in points.
    pub(super) bank_size: f32,
    pub(super) code: f32,
    pub(super) head: f32,
    pub(super) row: f32,
    pub(super) beneficiary: f32,
    pub(super) charge: f32,
    pub(super) payer: f32,
}

/// On a sheet, below the receipt: 105 mm high, as wide as the paper, drawn to 5 mm from its edges.
pub(super) const ON_SHEET: Layout = Layout {
    left: 5.0,
    top: 195.5,
    bottom: 297.0,
    width: 200.0,
    amounts: 50.0,
    bank: 38.0,
    bank_size: 12.0,
    code: 21.5,
    head: 9.0,
    row: 7.0,
    beneficiary: 9.6,
    charge: 6.1,
    payer: 10.4,
};

/// Draws all of it but what stands beside the instructions. Gives the instructions' place.
pub(super) fn draw(pen: &mut Pen<'_, '_>, layout: &Layout) {
    let instructions = frame(pen, layout);
    instruct(pen, instructions);
}

/// All but the instructions, whose place it gives.
pub(super) fn frame(pen: &mut Pen<'_, '_>, layout: &Layout) -> Area {
    let Layout { left, top, width, amounts, row, .. } = *layout;
    let wide = width - amounts;
    head(pen, layout);
    let mut y = top + layout.head;
    pen.wash(Area { x: left + wide, y, width: amounts, height: row });
    let place = Field("Local de pagamento", wide, PLAIN, |slip| slip.payment_place);
    let due = Field("Vencimento", amounts, STRONG.align(RIGHT), |slip| slip.due_date);
    pen.row((left, y), row, &[place, due]);
    y += row;
    beneficiary(pen, Area { x: left, y, width: wide, height: layout.beneficiary });
    let code = Field("Agência / Código do beneficiário", amounts, PLAIN.align(RIGHT), |slip| {
        slip.branch_and_code
    });
    pen.field(Area { x: left + wide, y, width: amounts, height: layout.beneficiary }, &code);
    y += layout.beneficiary;
    pen.rule((left, y), (left + width, y));
    y = documents(pen, layout, y);
    let height = 5.0 * layout.charge;
    charges(pen, Area { x: left + wide, y, width: amounts, height }, layout.charge);
    pen.rule((left + wide, top + layout.head + row), (left + wide, y + height));
    payer(pen, Area { x: left, y: y + height, width, height: layout.payer });
    foot(pen, layout, y + height + layout.payer);
    Area { x: left, y, width: wide, height }
}

/// The bank, its code, and the line.
pub(super) fn head(pen: &mut Pen<'_, '_>, layout: &Layout) {
    let Layout { left, top, width, bank, code, head, .. } = *layout;
    let base = top + head - 2.2;
    pen.value(left, base, &Style::new(Weight::Bold, layout.bank_size), bank - 1.5, |slip| slip.bank_name);
    for x in [left + bank, left + bank + code] {
        pen.bar((x, top + 1.2), (x, top + head));
    }
    pen.value(left + bank + code / 2.0, base, &CODE, code - 2.0, |slip| slip.bank_code);
    pen.value(left + width, base, &LINE, width - bank - code - 2.0, |slip| slip.line);
    pen.bar((left, top + head), (left + width, top + head));
}

/// The beneficiary on two lines: name and document, then the address.
pub(super) fn beneficiary(pen: &mut Pen<'_, '_>, area: Area) {
    let Area { x, width, .. } = area.inside();
    let base = area.y + 5.35;
    pen.label(area, "Beneficiário");
    pen.value(x, base, &PLAIN, width - 40.0, |slip| slip.beneficiary.name);
    pen.value(x + width, base, &PLAIN.align(RIGHT), 39.0, |slip| slip.beneficiary.document);
    pen.value(x, base + 3.1, &SMALL, width, |slip| slip.beneficiary.address);
}

const SMALL: Style = Style { size: 7.0, ..PLAIN };

/// Two rows about the document and the amount. Gives where the next begins.
fn documents(pen: &mut Pen<'_, '_>, layout: &Layout, y: f32) -> f32 {
    let Layout { left, width, amounts, row, .. } = *layout;
    let part = |share: f32| (width - amounts) * share;
    let centred = PLAIN.align(Align::Centre);
    pen.row(
        (left, y),
        row,
        &[
            Field("Data do documento", part(0.2), centred, |slip| slip.document_date),
            Field("Nº do documento", part(0.28), PLAIN, |slip| slip.document_number),
            Field("Espécie doc.", part(0.15), centred, |slip| slip.document_kind),
            Field("Aceite", part(0.11), centred, |slip| slip.acceptance),
            Field("Data processamento", part(0.26), centred, |slip| slip.processing_date),
            Field("Nosso número", amounts, PLAIN.align(RIGHT), |slip| slip.our_number),
        ],
    );
    let y = y + row;
    pen.wash(Area { x: left + width - amounts, y, width: amounts, height: row });
    pen.row(
        (left, y),
        row,
        &[
            Field("Uso do banco", part(0.2), PLAIN, |slip| slip.bank_use),
            Field("Carteira", part(0.16), centred, |slip| slip.portfolio),
            Field("Espécie", part(0.12), centred, |slip| slip.currency),
            Field("Quantidade", part(0.26), PLAIN.align(RIGHT), |slip| slip.quantity),
            Field("(x) Valor", part(0.26), PLAIN.align(RIGHT), |slip| slip.unit_value),
            Field("(=) Valor do documento", amounts, STRONG.align(RIGHT), |slip| slip.amount),
        ],
    );
    y + row
}

/// What changes the amount, one below the other.
fn charges(pen: &mut Pen<'_, '_>, area: Area, height: f32) {
    let value = PLAIN.align(RIGHT);
    let fields = [
        Field("(-) Desconto / Abatimento", area.width, value, |slip| slip.discount),
        Field("(-) Outras deduções", area.width, value, |slip| slip.other_deductions),
        Field("(+) Mora / Multa", area.width, value, |slip| slip.fine),
        Field("(+) Outros acréscimos", area.width, value, |slip| slip.other_additions),
        Field("(=) Valor cobrado", area.width, value, |slip| slip.charged),
    ];
    let mut y = area.y;
    for field in fields {
        pen.row((area.x, y), height, &[field]);
        y += height;
    }
}

fn payer(pen: &mut Pen<'_, '_>, area: Area) {
    let Area { x, y, width, height } = area;
    pen.rule((x, y), (x + width, y));
    payer_in_line(pen, Area { height: 7.0, ..area });
    let inside = area.inside();
    let base = y + height - 1.1;
    pen.word(inside.x, base, &LABEL, "Sacador / Avalista");
    pen.value(inside.x + 18.0, base, &SMALL, inside.width - 52.0, |slip| slip.guarantor);
    let right = inside.x + inside.width;
    pen.word(right - 26.0, base, &LABEL, "Cód. baixa");
    pen.value(right, base, &SMALL.align(RIGHT), 15.0, |slip| slip.write_off_code);
    pen.bar((x, y + height), (x + width, y + height));
}

/// The payer: name and document, then the address below, the label before both.
pub(super) fn payer_in_line(pen: &mut Pen<'_, '_>, area: Area) {
    let Area { x, width, .. } = area.inside();
    let base = area.y + 3.2;
    pen.word(x, base, &LABEL, "Pagador");
    pen.value(x + 16.0, base, &PLAIN, width - 57.0, |slip| slip.payer.name);
    pen.value(x + width, base, &PLAIN.align(RIGHT), 40.0, |slip| slip.payer.document);
    pen.value(x + 16.0, base + 3.3, &SMALL, width - 16.0, |slip| slip.payer.address);
}

/// The barcode, and what stands beside it.
fn foot(pen: &mut Pen<'_, '_>, layout: &Layout, y: f32) {
    let right = layout.left + layout.width;
    let label = LABEL.align(RIGHT);
    pen.word(right, y + 2.6, &label, "Autenticação mecânica – Ficha de Compensação");
    if let Some(ready) = pen.ready() {
        let (page, at) = pen.at(layout.left, layout.bottom - BARS_CENTRE - BARS.height / 2.0);
        let unit = Size { width: points(BARS.width) / f32::from(bars::WIDTH), height: points(BARS.height) };
        page.blocks(at, unit, bars::of(ready.slip.barcode));
    }
}

/// What the cashier is told.
pub(super) fn instruct(pen: &mut Pen<'_, '_>, area: Area) {
    let inside = area.inside();
    pen.label(area, "Instruções (texto de responsabilidade do beneficiário)");
    if let Some(ready) = pen.ready() {
        let text = Area { y: area.y + 3.0, height: area.height - 4.0, ..inside };
        pen.paragraph(text, &INSTRUCTION, 3.6, ready.slip.instructions);
    }
}

const INSTRUCTION: Style = Style { size: 8.0, ..PLAIN };
