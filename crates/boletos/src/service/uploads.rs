//! Taking a file in: kept safely as it streams, looked through on the way, then cut into chunks by one transaction.

use bytes::Bytes;
use comporta_db::{BlobError, BlobKey};
use comporta_http::{FieldError, Remembered, StreamedKey};
use comporta_jobs::EnqueueOptions;
use comporta_kernel::{Causes, CompanyId};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use super::{Boletos, Outcome};
use crate::error::Error;
use crate::jobs::IssueChunk;
use crate::model::{
    BankAccountId, Chunk, Counts, DocumentProfile, FileFault, Import, ImportId, ImportStatus, Layout,
    RecordScanner, Span, first_id,
};

/// The folder of the files.
const FOLDER: &str = "boleto-imports";
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is said of a file beside its bytes.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) documents: DocumentProfile,
    pub(crate) bank_account_id: Option<BankAccountId>,
    pub(crate) key: Option<StreamedKey>,
}

/// A part of a form that is not taken, found while the file was read.
#[derive(Debug, thiserror::Error)]
#[error("a field of the form is not taken")]
pub(crate) struct RefusedField(pub(crate) FieldError);

/// What a file showed on its way in.
struct Intake {
    scanner: RecordScanner,
    hash: Sha256,
    fault: Option<FileFault>,
}

/// What is known of a file that is kept.
struct Taken {
    file: BlobKey,
    size: u64,
    hash: [u8; 32],
    layout: Layout,
    spans: Vec<Span>,
}

impl Boletos {
    /// Takes a file in: when this returns it is safely kept, and its rows will be issued. A file that breaks off or is
    /// no CSV of debts leaves nothing behind. `answer` says what to remember under the request's key.
    pub(crate) async fn take_in<S, E>(
        &self,
        company: CompanyId,
        upload: Upload,
        body: S,
        answer: impl Fn(&Import) -> Remembered + Send,
    ) -> Result<Outcome<Import>, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (account, rules) = self.account_for(company, upload.bank_account_id).await?;
        // A wallet whose bank gives the numbers is told of before a long upload.
        rules.number(1, self.today())?;
        let id: ImportId = self.0.ids.next();
        let file = format!("{FOLDER}/{id}.csv").parse().map_err(|_| Error::NoFile)?;
        let taken = self.keep(&file, body).await?;
        let begun = self.begin(company, id, account.id, upload, &taken, answer).await;
        if !matches!(begun, Ok(Outcome::Done(_))) {
            self.forget(&file).await;
        }
        begun
    }

    async fn keep<S, E>(&self, file: &BlobKey, body: S) -> Result<Taken, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let scanner = RecordScanner::new(self.0.pace.chunk_bytes);
        let mut intake = Intake { scanner, hash: Sha256::new(), fault: None };
        let looked_through = body.map(|piece| {
            let piece = piece.map_err(Into::into)?;
            intake.look(&piece).map_err(Box::<dyn std::error::Error + Send + Sync>::from)?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(piece)
        });
        let kept = self.0.files.put_stream(file, looked_through).await;
        if let Some(fault) = intake.fault {
            return Err(fault.into());
        }
        let size = kept.map_err(|error| match error {
            BlobError::Content(reason) => match reason.downcast::<RefusedField>() {
                Ok(refused) => Error::Invalid(vec![refused.0]),
                Err(reason) => Error::BrokeOff(reason),
            },
            error => Error::Files(error),
        })?;
        match intake.scanner.finish() {
            Ok((layout, spans)) => {
                Ok(Taken { file: file.clone(), size, hash: intake.hash.finalize().into(), layout, spans })
            }
            Err(fault) => {
                self.forget(file).await;
                Err(fault.into())
            }
        }
    }

    async fn begin(
        &self,
        company: CompanyId,
        id: ImportId,
        account: BankAccountId,
        upload: Upload,
        taken: &Taken,
        answer: impl Fn(&Import) -> Remembered + Send,
    ) -> Result<Outcome<Import>, Error> {
        let key = upload.key.map(|key| key.of_body(&taken.hash));
        let import = self.import_of(company, id, account, upload.documents, taken);
        let chunks: Vec<Chunk> =
            (0..).zip(&taken.spans).map(|(number, span)| self.chunk(number, *span)).collect();
        let mut tx = self.0.db.begin().await?;
        if let Some(key) = &key
            && let Some(before) = self.0.idempotency.claim(&mut tx, company, key).await?
        {
            return Ok(Outcome::Repeated(before));
        }
        self.store().insert_import(&mut tx, &import, &chunks).await?;
        for chunk in &chunks {
            let job = IssueChunk { company_id: company, import_id: id, chunk: chunk.number };
            self.0.queue.enqueue_in(&mut tx, &job, EnqueueOptions::default()).await?;
        }
        if let Some(key) = &key {
            self.0.idempotency.remember(&mut tx, company, key, &answer(&import)).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done(import))
    }

    fn import_of(
        &self,
        company_id: CompanyId,
        id: ImportId,
        bank_account_id: BankAccountId,
        documents: DocumentProfile,
        taken: &Taken,
    ) -> Import {
        let now = self.0.clock.now();
        // A header alone is a file whose every row is accounted for.
        let is_over = taken.spans.is_empty();
        Import {
            company_id,
            id,
            bank_account_id,
            status: if is_over { ImportStatus::Completed } else { ImportStatus::Running },
            documents,
            file: taken.file.to_string(),
            file_hash: taken.hash,
            layout: taken.layout.clone(),
            bytes_total: taken.size,
            bytes_read: taken.spans.first().map_or(taken.size, |span| span.begin),
            counts: Counts::default(),
            error: None,
            started_at: now,
            finished_at: is_over.then_some(now),
        }
    }

    fn chunk(&self, number: u32, span: Span) -> Chunk {
        Chunk { number, span, first_id: first_id(self.0.ids.uuid()) }
    }

    /// Deletes the files that are older than a week, but for those of imports that still run; gives how many. A week is
    /// more than any upload takes.
    pub(crate) async fn sweep_files(&self) -> Result<u64, Error> {
        let folder = FOLDER.parse().map_err(|_| Error::NoFile)?;
        let oldest = self.0.clock.now() - KEPT;
        let mut files = self.0.files.list(Some(&folder));
        let mut swept = 0;
        while let Some(file) = files.try_next().await? {
            if file.modified < oldest && !self.store().is_file_needed(file.key.as_str()).await? {
                self.0.files.delete(&file.key).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Deletes a file that nothing refers to. One that stays is swept later.
    async fn forget(&self, file: &BlobKey) {
        if let Err(error) = self.0.files.delete(file).await {
            tracing::warn!(error = %Causes(&error), %file, "a file that is not needed stays");
        }
    }
}

impl Intake {
    fn look(&mut self, piece: &[u8]) -> Result<(), FileFault> {
        self.scanner.feed(piece).inspect_err(|fault| self.fault = Some(fault.clone()))?;
        self.hash.update(piece);
        Ok(())
    }
}
