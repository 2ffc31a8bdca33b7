//! The payer's receipt (Recibo do Pagador): what the payer reads and keeps.

use comporta_pdf::{Align, Style, Weight};

use super::pen::{Area, Field, LABEL, PLAIN, Pen, STRONG};
use super::{compensation, pix};

const LEFT: f32 = 5.0;
const WIDTH: f32 = 200.0;
const RIGHT: f32 = LEFT + WIDTH;
/// Where the paper is cut.
const CUT: f32 = 192.0;
const TITLE: Style = Style::new(Weight::Bold, 14.0);
const LARGE: Style = Style::new(Weight::Bold, 15.0);
const MEDIUM: Style = Style::new(Weight::Bold, 11.0);
const SMALL: Style = Style { size: 8.0, ..PLAIN };
const PIX_HEIGHT: f32 = 50.0;

pub(super) fn draw(pen: &mut Pen<'_, '_>, with_pix: bool) {
    head(pen);
    summary(pen, Area { x: LEFT, y: 24.0, width: WIDTH, height: 15.0 });
    let mut y = 44.0;
    if with_pix {
        pay_with_pix(pen, Area { x: LEFT, y, width: WIDTH, height: PIX_HEIGHT });
        y += PIX_HEIGHT + 5.0;
    }
    y = fields(pen, y);
    statement(pen, Area { x: LEFT, y, width: WIDTH, height: CUT - 12.0 - y });
    foot(pen);
}

/// Who asks for the money, and what this is.
fn head(pen: &mut Pen<'_, '_>) {
    pen.value(LEFT, 12.0, &TITLE, 140.0, |slip| slip.beneficiary.name);
    pen.value(LEFT, 17.0, &SMALL, 42.0, |slip| slip.beneficiary.document);
    pen.value(LEFT + 43.0, 17.0, &SMALL, 107.0, |slip| slip.beneficiary.address);
    pen.word(RIGHT, 12.0, &MEDIUM.align(Align::Right), "Recibo do Pagador");
    pen.value(RIGHT, 17.0, &SMALL.align(Align::Right), 48.0, |slip| slip.bank_name);
    pen.bar((LEFT, 20.0), (RIGHT, 20.0));
}

/// What a payer looks for first.
fn summary(pen: &mut Pen<'_, '_>, area: Area) {
    pen.wash(area);
    let quarter = area.width / 4.0;
    let fields = [
        Field("Vencimento", quarter, LARGE, |slip| slip.due_date),
        Field("Valor do documento", quarter, LARGE, |slip| slip.amount),
        Field("Nosso número", quarter, MEDIUM, |slip| slip.our_number),
        Field("Nº do documento", quarter, MEDIUM, |slip| slip.document_number),
    ];
    for (x, field) in [0.0, 1.0, 2.0, 3.0].into_iter().zip(fields) {
        let (x, y) = (area.x + 2.0 + x * quarter, area.y + 1.5);
        pen.field(Area { x, y, width: quarter - 4.0, height: area.height - 3.5 }, &field);
    }
}

fn pay_with_pix(pen: &mut Pen<'_, '_>, area: Area) {
    let Area { x, y, width, height } = area;
    for (from, to) in [
        ((x, y), (x + width, y)),
        ((x + width, y), (x + width, y + height)),
        ((x + width, y + height), (x, y + height)),
        ((x, y + height), (x, y)),
    ] {
        pen.rule(from, to);
    }
    let side = height - 3.0;
    pix::code(pen, x + 1.5, y + 1.5, side);
    let left = x + side + 5.0;
    pen.word(left, y + 8.0, &LARGE, "Pague com Pix");
    let steps = [
        "1. Abra o aplicativo do seu banco e escolha pagar com Pix.",
        "2. Aponte a câmera para o código, ou use o Pix Copia e Cola abaixo.",
        "3. Confira o nome do beneficiário e o valor, e confirme.",
    ];
    let mut base = y + 13.5;
    for step in steps {
        pen.word(left, base, &PLAIN, step);
        base += 4.2;
    }
    pen.word(left, base + 1.4, &LABEL, "Pix Copia e Cola");
    if let Some(payload) = pen.ready().and_then(|ready| ready.slip.pix) {
        let text =
            Area { x: left, y: base + 1.8, width: x + width - left - 3.0, height: y + height - base - 3.0 };
        pix::copied(pen, payload, text, 7.0);
    }
}

/// The rest of what must be on a receipt. Gives where it ends.
fn fields(pen: &mut Pen<'_, '_>, top: f32) -> f32 {
    let layout = compensation::Layout { top, ..compensation::ON_SHEET };
    compensation::head(pen, &layout);
    let mut y = top + layout.head;
    compensation::beneficiary(pen, Area { x: LEFT, y, width: 150.0, height: layout.beneficiary });
    let code = Field("Agência / Código do beneficiário", 50.0, PLAIN.align(Align::Right), |slip| {
        slip.branch_and_code
    });
    pen.field(Area { x: LEFT + 150.0, y, width: 50.0, height: layout.beneficiary }, &code);
    pen.rule((LEFT + 150.0, y), (LEFT + 150.0, y + layout.beneficiary));
    y += layout.beneficiary;
    pen.rule((LEFT, y), (RIGHT, y));
    compensation::payer_in_line(pen, Area { x: LEFT, y, width: WIDTH, height: 8.0 });
    y += 8.0;
    pen.rule((LEFT, y), (RIGHT, y));
    let centred = PLAIN.align(Align::Centre);
    let right = PLAIN.align(Align::Right);
    pen.row(
        (LEFT, y),
        layout.row,
        &[
            Field("Data do documento", 40.0, centred, |slip| slip.document_date),
            Field("Espécie doc.", 40.0, centred, |slip| slip.document_kind),
            Field("Data processamento", 40.0, centred, |slip| slip.processing_date),
            Field("Carteira", 40.0, centred, |slip| slip.portfolio),
            Field("Espécie", 40.0, centred, |slip| slip.currency),
        ],
    );
    y += layout.row;
    pen.row(
        (LEFT, y),
        layout.row,
        &[
            Field("(-) Desconto / Abatimento", 40.0, right, |slip| slip.discount),
            Field("(-) Outras deduções", 40.0, right, |slip| slip.other_deductions),
            Field("(+) Mora / Multa", 40.0, right, |slip| slip.fine),
            Field("(+) Outros acréscimos", 40.0, right, |slip| slip.other_additions),
            Field("(=) Valor cobrado", 40.0, STRONG.align(Align::Right), |slip| slip.charged),
        ],
    );
    y + layout.row
}

/// What the beneficiary says to the payer.
fn statement(pen: &mut Pen<'_, '_>, area: Area) {
    let inside = area.inside();
    pen.label(area, "Demonstrativo");
    if let Some(ready) = pen.ready() {
        let text = Area { y: area.y + 3.0, height: area.height - 3.0, ..inside };
        pen.paragraph(text, &SMALL, 3.8, ready.slip.statement);
    }
}

fn foot(pen: &mut Pen<'_, '_>) {
    pen.word(RIGHT, CUT - 8.0, &LABEL.align(Align::Right), "Autenticação mecânica – Recibo do Pagador");
    pen.cut((0.0, CUT), (210.0, CUT));
    pen.word(RIGHT, CUT - 1.2, &LABEL.align(Align::Right), "Corte na linha tracejada");
}
