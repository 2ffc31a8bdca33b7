//! How a file of debts is written: which column holds what, and what stands between them.

use serde::{Deserialize, Serialize};

/// A column of a file of debts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Column {
    /// The payer's name.
    #[serde(rename = "name")]
    Name,
    /// The payer's document.
    #[serde(rename = "governmentId")]
    GovernmentId,
    /// Where the boleto is sent to.
    #[serde(rename = "email")]
    Email,
    /// What is owed, in reais.
    #[serde(rename = "debtAmount")]
    DebtAmount,
    /// When it is to be paid.
    #[serde(rename = "debtDueDate")]
    DebtDueDate,
    /// What the company knows the debt by.
    #[serde(rename = "debtId")]
    DebtId,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Name, Self::GovernmentId, Self::Email, Self::DebtAmount, Self::DebtDueDate, Self::DebtId];

    /// As the header has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GovernmentId => "governmentId",
            Self::Email => "email",
            Self::DebtAmount => "debtAmount",
            Self::DebtDueDate => "debtDueDate",
            Self::DebtId => "debtId",
        }
    }
}

/// Why a file is no CSV of debts. Nothing of it is taken then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Nothing in it.
    #[error("the file is empty; expected a header and a line for each debt")]
    Empty,
    /// Compressed.
    #[error("the file is compressed with gzip; send it unpacked")]
    Gzip,
    /// Of two bytes a character.
    #[error("the file is UTF-16; save it as UTF-8")]
    Utf16,
    /// Holds bytes that no text has.
    #[error("the file holds NUL bytes, so it is no text; save it as CSV in UTF-8")]
    Binary,
    /// Line ends of old Macs, which nothing else reads as such.
    #[error("its lines end with CR alone; save it with LF or CRLF")]
    LoneReturns,
    /// Not all of the columns are in the header.
    #[error(
        "the header (line 1) lacks {missing}; expected name,governmentId,email,debtAmount,debtDueDate,debtId in any order, with , or ; between"
    )]
    MissingColumns {
        /// Their names.
        missing: String,
    },
    /// A column is there twice.
    #[error("the header (line 1) has {column} twice")]
    RepeatedColumn {
        /// Its name.
        column: &'static str,
    },
    /// A record of more than 64 KiB.
    #[error("the record at line {line} is longer than 64 KiB")]
    RecordTooLong {
        /// Where it begins.
        line: u64,
    },
    /// A quoted field without end.
    #[error("a quote that is opened in the record at line {line} is never closed")]
    UnclosedQuote {
        /// Where the record begins.
        line: u64,
    },
}

/// Where each column stands, read from a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    delimiter: u8,
    /// How many fields a row has.
    width: usize,
    /// The place of each column, as in [`Column::ALL`].
    places: [usize; 6],
}

impl Layout {
    /// Reads a header.
    ///
    /// # Errors
    /// What the file is instead, or what its header lacks.
    pub fn read(head: &[u8]) -> Result<Self, FileFault> {
        Self::sniff(head)?;
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        if head.trim_ascii().is_empty() {
            return Err(FileFault::Empty);
        }
        if head.trim_ascii().contains(&b'\r') {
            return Err(FileFault::LoneReturns);
        }
        match Self::parted_by(b',', head) {
            Err(FileFault::MissingColumns { missing }) => {
                Self::parted_by(b';', head).map_err(|error| match error {
                    FileFault::MissingColumns { missing: other } if other.len() > missing.len() => {
                        FileFault::MissingColumns { missing }
                    }
                    error => error,
                })
            }
            read => read,
        }
    }

    /// Looks at the first bytes of a file, whether they are those of what is no text.
    pub(super) fn sniff(bytes: &[u8]) -> Result<(), FileFault> {
        match bytes {
            [0x1F, 0x8B, ..] => Err(FileFault::Gzip),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(FileFault::Utf16),
            _ => Ok(()),
        }
    }

    fn parted_by(delimiter: u8, head: &[u8]) -> Result<Self, FileFault> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(head);
        let mut record = csv::ByteRecord::new();
        // Reading from memory cannot fail; a record that is not there has no columns.
        let _ = reader.read_byte_record(&mut record);
        let mut missing = Vec::new();
        let mut places = [0; 6];
        for (place, column) in places.iter_mut().zip(Column::ALL) {
            let is_it = |field: &[u8]| field.trim_ascii().eq_ignore_ascii_case(column.name().as_bytes());
            let mut found = (0..record.len()).filter(|at| record.get(*at).is_some_and(is_it));
            match (found.next(), found.next()) {
                (Some(at), None) => *place = at,
                (Some(_), Some(_)) => return Err(FileFault::RepeatedColumn { column: column.name() }),
                (None, _) => missing.push(column.name()),
            }
        }
        if missing.is_empty() {
            return Ok(Self { delimiter, width: record.len(), places });
        }
        Err(FileFault::MissingColumns { missing: missing.join(", ") })
    }

    /// What stands between two fields.
    #[must_use]
    pub const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) const fn place(&self, column: Column) -> usize {
        self.places[column as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order_between_commas_or_semicolons() {
        let layout = Layout::read(
            b"\xEF\xBB\xBFdebtId;\"name\"; Email ;extra;governmentid;debtDueDate;debtAmount\r\n",
        );
        let layout = layout.unwrap();
        let places = Column::ALL.map(|column| layout.place(column));
        assert_eq!((layout.delimiter, layout.width, places), (b';', 7, [1, 4, 2, 6, 5, 0]));
    }

    #[test]
    fn line_ends_of_old_macs_are_told() {
        let head = b"name,governmentId,email,debtAmount,debtDueDate,debtId\rAna,1,,1.00,2026-12-10,1\r";
        assert_eq!(Layout::read(head), Err(FileFault::LoneReturns));
    }

    #[test]
    fn a_header_that_lacks_columns_is_told_which() {
        let missing = |head: &str| Layout::read(head.as_bytes()).unwrap_err().to_string();
        assert!(missing("name,governmentId,mail,debtAmount,debtDueDate,debtId").contains("lacks email;"));
        assert!(missing("name;governmentId;mail;debtAmount;debtDueDate;debtId").contains("lacks email;"));
        assert!(missing("John Doe,11111111111,a@b.c,1,2022-10-12,x").contains("lacks name, governmentId"));
        let twice = "name,governmentId,email,debtAmount,debtDueDate,debtId,name";
        assert_eq!(Layout::read(twice.as_bytes()), Err(FileFault::RepeatedColumn { column: "name" }));
    }
}
