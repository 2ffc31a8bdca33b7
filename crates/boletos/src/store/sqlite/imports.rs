//! Imports on SQLite.

use async_trait::async_trait;
use comporta_db::columns::{from_micros, to_micros};
use comporta_db::{Error, Tx};
use comporta_kernel::{CompanyId, Timestamp, TypedId as _, Uuid};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{SqliteStore, connection};
use crate::model::{BankAccountId, Chunk, Counts, Import, ImportId, ImportStatus, Problem, Span};
use crate::store::boletos::word;
use crate::store::imports::{ChunkKey, Imports, PROBLEMS_AT_ONCE, Progress, Step, pages, sorted};

#[async_trait]
impl Imports for SqliteStore {
    async fn insert_import(&self, tx: &mut Tx, import: &Import, chunks: &[Chunk]) -> Result<(), Error> {
        let db = connection(tx)?;
        let query = sqlx::query(
            "INSERT INTO boleto_import (company_id, id, bank_account_id, status, documents, file, file_hash, layout,
                 bytes_total, bytes_read, chunks, started_at, finished_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        );
        let query = query.bind(import.company_id.uuid()).bind(import.id.uuid());
        let query = query.bind(import.bank_account_id.uuid()).bind(import.status.as_str());
        let query = query.bind(import.documents.as_str()).bind(&import.file).bind(&import.file_hash[..]);
        let query = query.bind(serde_json::to_string(&import.layout).unwrap_or_default());
        let query = query.bind(import.bytes_total.cast_signed()).bind(import.bytes_read.cast_signed());
        let query = query.bind(i32::try_from(chunks.len()).unwrap_or(i32::MAX));
        let query = query.bind(to_micros(import.started_at)).bind(import.finished_at.map(to_micros));
        query.execute(&mut *db).await?;
        for chunk in chunks {
            let query = sqlx::query(
                "INSERT INTO import_chunk (company_id, import_id, number, begin_byte, end_byte, first_line, first_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            );
            let Span { begin, end, first_line } = chunk.span;
            let query =
                query.bind(import.company_id.uuid()).bind(import.id.uuid()).bind(chunk.number.cast_signed());
            let query =
                query.bind(begin.cast_signed()).bind(end.cast_signed()).bind(first_line.cast_signed());
            query.bind(chunk.first_id).execute(&mut *db).await?;
        }
        Ok(())
    }

    async fn import(&self, company: CompanyId, id: ImportId) -> Result<Option<Import>, Error> {
        let query = sqlx::query("SELECT * FROM boleto_import WHERE company_id = $1 AND id = $2");
        let row = query.bind(company.uuid()).bind(id.uuid()).fetch_optional(self.db.readers()).await?;
        row.as_ref().map(from_row).transpose()
    }

    async fn first_ids(&self, company: CompanyId, id: ImportId) -> Result<Vec<Uuid>, Error> {
        let query = sqlx::query(
            "SELECT first_id FROM import_chunk WHERE company_id = $1 AND import_id = $2 ORDER BY first_id",
        );
        let rows = query.bind(company.uuid()).bind(id.uuid()).fetch_all(self.db.readers()).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    async fn begin_chunk(&self, key: ChunkKey) -> Result<Option<Progress>, Error> {
        let mut tx = self.db.write().await?;
        let query = sqlx::query(
            "UPDATE import_chunk SET attempts = attempts + 1 WHERE company_id = $1 AND import_id = $2 AND number = $3
             RETURNING *",
        );
        let query = query.bind(key.company.uuid()).bind(key.import.uuid()).bind(key.number.cast_signed());
        let row = query.fetch_optional(&mut *tx).await?;
        let progress = row.as_ref().map(progress).transpose()?;
        tx.commit().await?;
        Ok(progress)
    }

    async fn step_chunk(&self, tx: &mut Tx, key: ChunkKey, step: Step<'_>) -> Result<bool, Error> {
        let query = sqlx::query(
            "UPDATE import_chunk SET written_to = $5, is_done = $6
             WHERE company_id = $1 AND import_id = $2 AND number = $3 AND NOT is_done AND written_to IS $4",
        );
        let query = query.bind(key.company.uuid()).bind(key.import.uuid()).bind(key.number.cast_signed());
        let query = query.bind(step.from).bind(step.to).bind(step.is_last);
        Ok(query.execute(connection(tx)?).await?.rows_affected() == 1)
    }

    async fn add_problems(&self, tx: &mut Tx, key: ChunkKey, problems: &[Problem]) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO import_problem (company_id, import_id, chunk, page, problems)
             SELECT $1, $2, $3, key + (SELECT count(*) FROM import_problem WHERE company_id = $1 AND import_id = $2 AND chunk = $3), value
               FROM json_each($4)";
        let db = connection(tx)?;
        for problems in problems.chunks(PROBLEMS_AT_ONCE) {
            let query = sqlx::query(SQL);
            let query = query.bind(key.company.uuid()).bind(key.import.uuid()).bind(key.number.cast_signed());
            query.bind(serde_json::to_string(&pages(problems)).unwrap_or_default()).execute(&mut *db).await?;
        }
        Ok(())
    }

    async fn count(
        &self,
        tx: &mut Tx,
        key: ChunkKey,
        counts: &Counts,
        done_bytes: Option<u64>,
        at: Timestamp,
    ) -> Result<Option<ImportStatus>, Error> {
        let query = sqlx::query(
            "UPDATE boleto_import SET rows_read = rows_read + $3, issued = issued + $4, duplicates = duplicates + $5,
                 rejected = rejected + $6, warned = warned + $7, bytes_read = bytes_read + $8, chunks_done = chunks_done + $9,
                 status = CASE WHEN chunks_done + $9 = chunks THEN 'completed' ELSE status END,
                 finished_at = CASE WHEN chunks_done + $9 = chunks THEN $10 END
             WHERE company_id = $1 AND id = $2 AND status = 'running' RETURNING status",
        );
        let Counts { rows_read, issued, duplicates, rejected, warned } = *counts;
        let mut query = query.bind(key.company.uuid()).bind(key.import.uuid());
        for count in [rows_read, issued, duplicates, rejected, warned, done_bytes.unwrap_or(0)] {
            query = query.bind(count.cast_signed());
        }
        let query = query.bind(i32::from(done_bytes.is_some())).bind(to_micros(at));
        let row = query.fetch_optional(connection(tx)?).await?;
        row.map(|row| word(row.try_get(0)?, "boleto_import.status")).transpose()
    }

    async fn fail_import(
        &self,
        tx: &mut Tx,
        company: CompanyId,
        id: ImportId,
        error: &str,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let query = sqlx::query(
            "UPDATE boleto_import SET status = 'failed', error = $3, finished_at = $4
             WHERE company_id = $1 AND id = $2 AND status = 'running'",
        );
        let query = query.bind(company.uuid()).bind(id.uuid()).bind(error).bind(to_micros(at));
        Ok(query.execute(connection(tx)?).await?.rows_affected() == 1)
    }

    async fn is_file_needed(&self, file: &str) -> Result<bool, Error> {
        let query =
            sqlx::query("SELECT EXISTS (SELECT 1 FROM boleto_import WHERE file = $1 AND status = 'running')");
        Ok(query.bind(file).fetch_one(self.db.scans()).await?.try_get(0)?)
    }

    async fn problems(&self, key: ChunkKey) -> Result<Option<Vec<Problem>>, Error> {
        // One statement, so that a chunk is not found gone between two.
        let query = sqlx::query(
            "SELECT import_problem.problems FROM import_chunk AS chunk
             LEFT JOIN import_problem ON import_problem.company_id = chunk.company_id
               AND import_problem.import_id = chunk.import_id AND import_problem.chunk = chunk.number
             WHERE chunk.company_id = $1 AND chunk.import_id = $2 AND chunk.number = $3",
        );
        let query = query.bind(key.company.uuid()).bind(key.import.uuid()).bind(key.number.cast_signed());
        let rows = query.fetch_all(self.db.readers()).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let texts: Vec<Option<String>> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let texts: Vec<String> = texts.into_iter().flatten().collect();
        sorted(&texts).map(Some)
    }
}

fn progress(row: &SqliteRow) -> Result<Progress, Error> {
    let attempts: i64 = row.try_get("attempts")?;
    let number: i64 = row.try_get("number")?;
    let count = |column: &str| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
    let span =
        Span { begin: count("begin_byte")?, end: count("end_byte")?, first_line: count("first_line")? };
    Ok(Progress {
        chunk: Chunk { number: number.cast_unsigned() as u32, span, first_id: row.try_get("first_id")? },
        attempt: (attempts.cast_unsigned() as u32).saturating_sub(1),
        written_to: row.try_get("written_to")?,
        is_done: row.try_get("is_done")?,
    })
}

fn from_row(row: &SqliteRow) -> Result<Import, Error> {
    let count = |column: &str| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
    let hash: Vec<u8> = row.try_get("file_hash")?;
    let finished_at: Option<i64> = row.try_get("finished_at")?;
    Ok(Import {
        company_id: CompanyId::from_uuid(row.try_get("company_id")?),
        id: ImportId::from_uuid(row.try_get("id")?),
        bank_account_id: BankAccountId::from_uuid(row.try_get("bank_account_id")?),
        status: word(row.try_get("status")?, "boleto_import.status")?,
        documents: word(row.try_get("documents")?, "boleto_import.documents")?,
        file: row.try_get("file")?,
        file_hash: hash.try_into().map_err(|_| Error::Corrupt { column: "boleto_import.file_hash" })?,
        layout: serde_json::from_str(row.try_get("layout")?)
            .map_err(|_| Error::Corrupt { column: "boleto_import.layout" })?,
        bytes_total: count("bytes_total")?,
        bytes_read: count("bytes_read")?,
        counts: Counts {
            rows_read: count("rows_read")?,
            issued: count("issued")?,
            duplicates: count("duplicates")?,
            rejected: count("rejected")?,
            warned: count("warned")?,
        },
        error: row.try_get("error")?,
        started_at: from_micros(row.try_get("started_at")?, "boleto_import.started_at")?,
        finished_at: finished_at.map(|at| from_micros(at, "boleto_import.finished_at")).transpose()?,
    })
}
