//! An import on the wire.

use comporta_kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{BankAccountId, Counts, Import, ImportId, ImportStatus};

/// How an import stands: issued + duplicates + rejected = `rows_read`, at any moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BoletoImport)]
pub(super) struct ImportOut<'a> {
    #[schema(value_type = String, example = "imp_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: ImportId,
    status: ImportStatus,
    #[schema(value_type = String, example = "bac_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    bank_account_id: BankAccountId,
    /// Rows dealt with so far.
    rows_read: u64,
    /// Boletos made.
    issued: u64,
    /// Rows whose debt has its boleto.
    duplicates: u64,
    /// Rows that are no debt.
    rejected: u64,
    /// Boletos made that nobody can be sent.
    warned: u64,
    bytes_read: u64,
    bytes_total: u64,
    /// Why it failed.
    error: Option<&'a str>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl<'a> From<&'a Import> for ImportOut<'a> {
    fn from(import: &'a Import) -> Self {
        let Counts { rows_read, issued, duplicates, rejected, warned } = import.counts;
        Self {
            id: import.id,
            status: import.status,
            bank_account_id: import.bank_account_id,
            rows_read,
            issued,
            duplicates,
            rejected,
            warned,
            bytes_read: import.bytes_read,
            bytes_total: import.bytes_total,
            error: import.error.as_deref(),
            started_at: import.started_at,
            finished_at: import.finished_at,
        }
    }
}
