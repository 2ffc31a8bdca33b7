//! An import: a file of debts on its way to boletos.

use comporta_kernel::{CompanyId, Timestamp, Uuid, define_id};

use super::{BankAccountId, DocumentProfile, ImportStatus, Layout, Problem, Span};

define_id!(
    /// Names an import.
    ImportId,
    "imp"
);

/// What became of rows. A row is issued, a duplicate, or rejected; those warned of are among the issued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub rows_read: u64,
    /// Boletos made.
    pub issued: u64,
    /// Rows whose debt has its boleto.
    pub duplicates: u64,
    /// Rows that are no debt.
    pub rejected: u64,
    /// Boletos made that somebody should look at.
    pub warned: u64,
}

impl Counts {
    /// Counts rows that were not issued, or were with a warning.
    pub fn count(&mut self, problems: &[Problem]) {
        for Problem(_, _, code) in problems {
            if code.is_warning() {
                self.warned += 1;
            } else {
                self.rows_read += 1;
                *if code.is_duplicate() { &mut self.duplicates } else { &mut self.rejected } += 1;
            }
        }
    }
}

/// An import as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Whose it is.
    pub company_id: CompanyId,
    /// Its id.
    pub id: ImportId,
    /// Where the money is to arrive.
    pub bank_account_id: BankAccountId,
    /// How it stands.
    pub status: ImportStatus,
    /// Whether payers' documents are checked.
    pub documents: DocumentProfile,
    /// Where the file is kept.
    pub file: String,
    /// Its SHA-256.
    pub file_hash: [u8; 32],
    /// How it is written.
    pub layout: Layout,
    /// Its size.
    pub bytes_total: u64,
    /// Bytes of the chunks that are done.
    pub bytes_read: u64,
    /// What became of the rows read so far.
    pub counts: Counts,
    /// Why it failed.
    pub error: Option<String>,
    /// When the file was there.
    pub started_at: Timestamp,
    /// When it completed or failed.
    pub finished_at: Option<Timestamp>,
}

/// A part of a file that is worked through by one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its place, from 0.
    pub number: u32,
    /// Where it is in the file.
    pub span: Span,
    /// The first of its boletos' ids.
    pub first_id: Uuid,
}

/// The range of ids that a chunk's boletos have, and only they: the last four bytes count.
#[must_use]
pub fn chunk_ids(first_id: Uuid) -> (Uuid, Uuid) {
    (first_id, Uuid::from_u128(first_id.as_u128() | u128::from(u32::MAX)))
}

/// The id of a chunk's boleto, by the attempt that issues it and its place. Attempts and places beyond what the four
/// bytes can tell apart wrap around: the database refuses an id that is taken.
#[must_use]
pub fn boleto_id(first_id: Uuid, attempt: u32, place: usize) -> Uuid {
    let count = (attempt & 0xFF) << 24 | (place as u32 & 0x00FF_FFFF);
    Uuid::from_u128(first_id.as_u128() | u128::from(count))
}

/// A range of ids for a chunk: an id whose last four bytes are zero.
#[must_use]
pub fn first_id(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128() & !u128::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunks_ids_are_a_range_of_their_own_in_their_order() {
        let first = first_id(Uuid::from_u128(0x0193_0000_0000_7000_8000_1234_5678_9abc));
        let (from, to) = chunk_ids(first);
        let ids = [(0, 0), (0, 1), (0, 0x00FF_FFFF), (1, 0), (255, 0x00FF_FFFF)];
        let ids: Vec<_> = ids.into_iter().map(|(attempt, place)| boleto_id(first, attempt, place)).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| (from..=to).contains(id)));
        assert_eq!((ids[0], ids[4], first.get_version_num()), (from, to, 7));
    }

    #[test]
    fn every_row_is_counted_once_and_warnings_beside() {
        use crate::model::Code;
        let mut counts = Counts { rows_read: 5, issued: 5, ..Counts::default() };
        let codes = [Code::NoEmail, Code::Duplicate, Code::Conflict, Code::InvalidAmount];
        counts.count(&codes.map(|code| Problem(1, None, code)));
        assert_eq!(counts, Counts { rows_read: 8, issued: 5, duplicates: 2, rejected: 1, warned: 1 });
    }
}
