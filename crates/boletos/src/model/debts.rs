//! The debts of a run of rows, read and checked.

mod check;

use comporta_kernel::BusinessDate;

use super::{Amount, Code, Column, DocumentProfile, Layout, Problem};
use check::Checks;

pub use check::{DAYS_AHEAD, LONGEST_DEBT_ID, LONGEST_NAME};

/// What a debt says. Two rows of one debt that say the same are duplicates, else they are in conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debt<'a> {
    /// What the company knows it by.
    pub id: &'a str,
    /// The payer's name.
    pub name: &'a str,
    /// The payer's document.
    pub document: &'a str,
    /// Where the boleto is sent to.
    pub email: Option<&'a str>,
    /// What is owed.
    pub amount: Amount,
    /// When it is to be paid.
    pub due: BusinessDate,
}

/// Good debts in the order of their ids, each once, in little memory.
#[derive(Debug)]
pub struct Debts {
    /// The texts of all of them, one behind the other.
    text: String,
    rows: Vec<Row>,
    /// Rows whose debt came before, each with the place of the row that stands.
    repeats: Vec<(u32, Row)>,
    first_line: u64,
}

/// Lengths of a debt's texts, which stand in this order from `at`.
#[derive(Debug, Clone, Copy)]
struct Row {
    at: u32,
    line: u32,
    id: u16,
    name: u16,
    document: u16,
    email: u16,
    warning: Option<Code>,
    due: BusinessDate,
    amount: Amount,
}

/// What a run of rows holds.
#[derive(Debug)]
pub struct Reading {
    /// The good debts.
    pub debts: Debts,
    /// Every other row, in the order of their lines; among them those whose debt came before in the same run.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Reads whole records, the first of which stands on `first_line`. Text is UTF-8, or else Latin-1, field by field.
    #[must_use]
    pub fn read(
        records: &[u8],
        first_line: u64,
        layout: &Layout,
        documents: DocumentProfile,
        today: BusinessDate,
    ) -> Self {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.delimiter(layout.delimiter()).has_headers(false).flexible(true);
        let mut reader = reader.from_reader(records);
        let mut record = csv::ByteRecord::new();
        let debts = Debts {
            text: String::with_capacity(records.len()),
            rows: Vec::new(),
            repeats: Vec::new(),
            first_line,
        };
        let mut reading = Self { debts, problems: Vec::new() };
        let mut checks = Checks::new(layout, documents, today);
        while let Ok(true) = reader.read_byte_record(&mut record) {
            let line = record.position().map_or(0, |position| line_of(records, position));
            if let Err((column, code)) = reading.debts.push(&record, line, &mut checks) {
                reading.problems.push(Problem(first_line + line, column, code));
            }
        }
        reading.part_repeated();
        reading
    }

    /// Sorts by id and takes out all but the first of each.
    fn part_repeated(&mut self) {
        let Debts { text, rows, repeats, first_line } = &mut self.debts;
        rows.sort_unstable_by(|a, b| a.id(text).cmp(b.id(text)).then(a.line.cmp(&b.line)));
        let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            match kept.last() {
                Some(first) if first.id(text) == row.id(text) => {
                    let same = first.debt(text) == row.debt(text);
                    let code = if same { Code::Duplicate } else { Code::Conflict };
                    repeats.push((kept.len() as u32 - 1, *row));
                    self.problems.push(Problem(
                        *first_line + u64::from(row.line),
                        Some(Column::DebtId),
                        code,
                    ));
                }
                _ => kept.push(*row),
            }
        }
        *rows = kept;
        self.problems.sort_unstable_by_key(|problem| problem.0);
    }
}

/// The line that a record begins on, from 0. Where the reader has passed over empty lines it tells the first of them.
fn line_of(records: &[u8], position: &csv::Position) -> u64 {
    let rest = records.get(position.byte() as usize..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() - 1 + empty.filter(|byte| **byte == b'\n').count() as u64
}

impl Debts {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One of them, with its line and what is to be warned of.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<(Debt<'_>, u64, Option<Code>)> {
        let row = self.rows.get(at)?;
        Some((row.debt(&self.text), self.first_line + u64::from(row.line), row.warning))
    }

    /// How many have ids up to this one.
    #[must_use]
    pub fn up_to(&self, id: &str) -> usize {
        self.rows.partition_point(|row| row.id(&self.text) <= id)
    }

    /// Rows whose debt came before: the place of the one that stands, what this one says, and its line.
    pub fn repeats(&self) -> impl Iterator<Item = (usize, Debt<'_>, u64)> {
        let told = |(place, row): &(u32, Row)| {
            (*place as usize, row.debt(&self.text), self.first_line + u64::from(row.line))
        };
        self.repeats.iter().map(told)
    }

    fn push(
        &mut self,
        record: &csv::ByteRecord,
        line: u64,
        checks: &mut Checks<'_>,
    ) -> Result<(), (Option<Column>, Code)> {
        let at = self.text.len();
        let row = checks.row(record, &mut self.text).inspect_err(|_| self.text.truncate(at))?;
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.rows.push(Row { at, line: u32::try_from(line).unwrap_or(u32::MAX), ..row });
        Ok(())
    }
}

impl Row {
    fn id<'a>(&self, text: &'a str) -> &'a str {
        let at = self.at as usize;
        text.get(at..at + usize::from(self.id)).unwrap_or_default()
    }

    fn debt<'a>(&self, text: &'a str) -> Debt<'a> {
        let mut at = self.at as usize;
        let mut next = |length: u16| {
            let field = text.get(at..at + usize::from(length)).unwrap_or_default();
            at += usize::from(length);
            field
        };
        let (id, name, document) = (next(self.id), next(self.name), next(self.document));
        let email = (self.email > 0).then(|| next(self.email));
        Debt { id, name, document, email, amount: self.amount, due: self.due }
    }
}

#[cfg(test)]
mod tests;
