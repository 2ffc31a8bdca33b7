//! The lines of an invoice as a table that goes on over pages.

use std::collections::VecDeque;

use comporta_pdf::{Align, Fonts, Page, Size, Style, Weight};

use super::words::{count, count_english, money, month_english, month_portuguese, unit_price};
use super::{INK, LEFT, PLAIN, QUIET, RIGHT, SMALL, WASH};
use crate::{Invoice, InvoiceLine, PricePart};

/// Where the columns of numbers end.
const QUANTITY: f32 = 372.0;
const UNIT: f32 = 458.0;
const HEAD: Style = Style::new(Weight::Bold, 8.0).colour(INK);
/// Widest description.
const DESCRIPTION: f32 = QUANTITY - LEFT - 80.0;

/// What is still to be drawn.
pub(super) struct Table(VecDeque<Row>);

struct Row {
    portuguese: Vec<String>,
    english: Vec<String>,
    quantity: String,
    unit: String,
    amount: String,
}

impl Table {
    pub(super) fn of(fonts: &Fonts, invoice: &Invoice, lines: &[InvoiceLine]) -> Self {
        Self(lines.iter().map(|line| Row::of(fonts, invoice, line)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Draws as many rows as fit. Gives the height at which the last one ends.
    pub(super) fn draw(&mut self, page: &mut Page<'_>, top: f32, bottom: f32) -> f32 {
        if self.is_empty() {
            return top;
        }
        let mut y = head(page, top);
        while let Some(row) = self.0.front()
            && y + row.height() <= bottom
        {
            y = row.draw(page, y);
            self.0.pop_front();
        }
        y
    }
}

impl Row {
    fn of(fonts: &Fonts, invoice: &Invoice, line: &InvoiceLine) -> Self {
        let (mut portuguese, mut english) = description(line);
        if let Some(corrected) = line.corrects {
            let month = month_portuguese(line.month);
            portuguese = format!("Correção de {month}: {}", portuguese.to_lowercase());
            english = format!(
                "Correction of {}: {} ({corrected})",
                month_english(line.month),
                english.to_lowercase()
            );
        }
        let wrap = |style: &Style, text: &str| fonts.wrap(style.weight, style.size, text, DESCRIPTION);
        Self {
            portuguese: wrap(&PLAIN, &portuguese),
            english: wrap(&SMALL, &english),
            quantity: count(line.quantity),
            unit: match line.unit {
                Some(unit) => unit_price(unit, invoice.currency),
                None => money(line.amount, invoice.currency),
            },
            amount: money(line.amount, invoice.currency),
        }
    }

    fn height(&self) -> f32 {
        self.portuguese.len() as f32 * 12.0 + self.english.len() as f32 * 9.5 + 11.0
    }

    fn draw(&self, page: &mut Page<'_>, top: f32) -> f32 {
        let mut y = top + 15.0;
        let right = PLAIN.align(Align::Right);
        for (x, text) in [(QUANTITY, &self.quantity), (UNIT, &self.unit), (RIGHT - 8.0, &self.amount)] {
            page.text(x, y, &right, text);
        }
        for line in &self.portuguese {
            page.text(LEFT + 8.0, y, &PLAIN, line);
            y += 12.0;
        }
        for line in &self.english {
            page.text(LEFT + 8.0, y - 1.5, &SMALL, line);
            y += 9.5;
        }
        let end = top + self.height();
        page.grey_line((LEFT, end), (RIGHT, end), 0.4, 0.88);
        end
    }
}

fn head(page: &mut Page<'_>, top: f32) -> f32 {
    page.area((LEFT, top), Size { width: RIGHT - LEFT, height: 28.0 }, WASH);
    let quiet = Style::new(Weight::Regular, 7.0).colour(QUIET);
    for (x, align, portuguese, english) in [
        (LEFT + 8.0, Align::Left, "Descrição", "Description"),
        (QUANTITY, Align::Right, "Quantidade", "Quantity"),
        (UNIT, Align::Right, "Preço unitário", "Unit price"),
        (RIGHT - 8.0, Align::Right, "Valor", "Amount"),
    ] {
        page.text(x, top + 12.0, &HEAD.align(align), portuguese);
        page.text(x, top + 21.5, &quiet.align(align), english);
    }
    top + 28.0
}

/// What a line is the price of, in both languages.
fn description(line: &InvoiceLine) -> (String, String) {
    let whole = |number: u64| count(i64::try_from(number).unwrap_or(i64::MAX));
    match line.part {
        PricePart::Base => (
            format!("Mensalidade, {}", month_portuguese(line.month)),
            format!("Monthly base price, {}", month_english(line.month)),
        ),
        PricePart::Tier { after: 0, up_to: None, .. } => ("Chamadas".to_owned(), "Calls".to_owned()),
        PricePart::Tier { after, up_to: None, .. } => {
            (format!("Chamadas além da {}ª", whole(after)), format!("Calls beyond {}", count_english(after)))
        }
        PricePart::Tier { after, up_to: Some(end), .. } => (
            format!("Chamadas, da {}ª à {}ª", whole(after + 1), whole(end)),
            format!("Calls {} to {}", count_english(after + 1), count_english(end)),
        ),
    }
}
