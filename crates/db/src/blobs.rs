//! Files too large for a row, kept whole or not at all: in a directory or in an S3 bucket.

mod key;
mod open;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use comporta_kernel::Timestamp;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, pin_mut};
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, PutPayloadMut, WriteMultipart};

pub use key::{BlobKey, BlobKeyError};

/// Parts on their way at once. With the one being filled they are all the memory that an upload takes.
const PARTS_IN_FLIGHT: usize = 2;

/// A blob's bytes, in pieces.
pub type BlobStream = BoxStream<'static, Result<Bytes, BlobError>>;

/// A store of blobs: cheap to clone. A blob is there whole or not at all, and durable once its writing is
/// acknowledged; writing it again replaces it.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// Bytes that are sent at once.
    part: usize,
}

/// What a list tells of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// Its key.
    pub key: BlobKey,
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
}

/// Why a blob could not be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The address names no store.
    #[error("expected file:PATH, a plain path, or s3://BUCKET/PREFIX")]
    Address,
    /// The directory could not be made.
    #[error("cannot make the directory {path}")]
    Directory {
        /// The directory.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No blob has this key.
    #[error("there is no blob {0}")]
    Missing(BlobKey),
    /// What was to be written could not be read to its end; nothing was written.
    #[error("the blob's content broke off")]
    Content(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store failed.
    #[error("the blob store failed")]
    Store(#[source] object_store::Error),
}

impl Blobs {
    /// Opens the store at `address`: a directory (`file:PATH` or a plain path; made when it is missing) or
    /// `s3://BUCKET/PREFIX`. For S3, `environment` gives region, endpoint and credentials under AWS' usual
    /// names, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, …; `AWS_ALLOW_HTTP=true` permits an
    /// endpoint without TLS. Without credentials there, those of the ECS task, the EKS pod or the EC2
    /// instance are asked for.
    ///
    /// # Errors
    /// [`BlobError::Address`], [`BlobError::Directory`], or [`BlobError::Store`] for settings that S3 cannot
    /// be reached with. S3 itself is not yet asked.
    pub fn open(address: &str, environment: &BTreeMap<String, String>) -> Result<Self, BlobError> {
        open::open(address, environment)
    }

    /// Whether two addresses name one place, however they are written.
    #[must_use]
    pub fn is_same_place(one: &str, other: &str) -> bool {
        open::is_same_place(one, other)
    }

    /// Writes a blob from a stream in bounded memory; gives its size. When the stream fails, or the caller
    /// goes away, nothing is written.
    ///
    /// # Errors
    /// [`BlobError::Content`] when the stream fails, [`BlobError::Store`] when the store does.
    pub async fn put_stream<S, E>(&self, key: &BlobKey, content: S) -> Result<u64, BlobError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let content = content.map_err(|error| BlobError::Content(error.into()));
        pin_mut!(content);
        let mut head = PutPayloadMut::new();
        while head.content_length() < self.part {
            let Some(piece) = content.try_next().await? else {
                // It fits in one part: one request does.
                let size = head.content_length() as u64;
                self.store.put(key.path(), head.freeze()).await.map_err(BlobError::Store)?;
                return Ok(size);
            };
            head.push(piece);
        }
        self.put_parts(key, head.freeze(), content).await
    }

    async fn put_parts(
        &self,
        key: &BlobKey,
        head: PutPayload,
        mut content: impl Stream<Item = Result<Bytes, BlobError>> + Unpin,
    ) -> Result<u64, BlobError> {
        let upload = self.store.put_multipart(key.path()).await.map_err(BlobError::Store)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, self.part);
        let mut size = head.content_length() as u64;
        head.into_iter().for_each(|piece| upload.put(piece));
        let failure = loop {
            if let Err(error) = upload.wait_for_capacity(PARTS_IN_FLIGHT).await {
                break BlobError::Store(error);
            }
            match content.try_next().await {
                Ok(Some(piece)) => {
                    size += piece.len() as u64;
                    upload.put(piece);
                }
                Ok(None) => {
                    upload.finish().await.map_err(BlobError::Store)?;
                    return Ok(size);
                }
                Err(error) => break error,
            }
        };
        // What is left of an upload that cannot be taken back is never shown as a blob.
        let _ = upload.abort().await;
        Err(failure)
    }

    /// A blob's bytes from its first to its last.
    ///
    /// # Errors
    /// [`BlobError::Missing`], or [`BlobError::Store`], also within the stream.
    pub async fn get_stream(&self, key: &BlobKey) -> Result<BlobStream, BlobError> {
        let found = self.store.get(key.path()).await.map_err(|error| failed(key, error))?;
        Ok(found.into_stream().map_err(BlobError::Store).boxed())
    }

    /// Some of a blob's bytes, cut at its end; they are held in memory.
    ///
    /// # Errors
    /// [`BlobError::Missing`]; [`BlobError::Store`], also when the range is empty or begins after the end.
    pub async fn range(&self, key: &BlobKey, range: Range<u64>) -> Result<Bytes, BlobError> {
        self.store.get_range(key.path(), range).await.map_err(|error| failed(key, error))
    }

    /// A blob's size in bytes, `None` when there is none.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn size(&self, key: &BlobKey) -> Result<Option<u64>, BlobError> {
        match self.store.head(key.path()).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(BlobError::Store(error)),
        }
    }

    /// Deletes a blob; one that is not there is no error.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        match self.store.delete(key.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(BlobError::Store(error)),
        }
    }

    /// Every blob whose key lies under `folder` (all for `None`), in no order. What others put there under
    /// names that are no keys is passed over.
    #[must_use]
    pub fn list(&self, folder: Option<&BlobKey>) -> BoxStream<'static, Result<BlobInfo, BlobError>> {
        let listed = self.store.list(folder.map(BlobKey::path)).map_err(BlobError::Store);
        listed
            .try_filter_map(|meta| async move {
                let Ok(key) = meta.location.as_ref().parse() else { return Ok(None) };
                let micros = meta.last_modified.timestamp_micros();
                let modified = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
                Ok(Some(BlobInfo { key, size: meta.size, modified }))
            })
            .boxed()
    }
}

fn failed(key: &BlobKey, error: object_store::Error) -> BlobError {
    match error {
        object_store::Error::NotFound { .. } => BlobError::Missing(key.clone()),
        error => BlobError::Store(error),
    }
}
