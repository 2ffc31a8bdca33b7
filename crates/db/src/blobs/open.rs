//! From an address to a store that speaks its protocol.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore};

use super::{BlobError, BlobKey, Blobs};

/// S3 takes ten thousand parts: a blob may have 156 GiB.
const S3_PART: usize = 16 * 1024 * 1024;
const FILE_PART: usize = 1024 * 1024;

/// How long S3 may be silent, a part's upload included.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether two addresses name one place.
pub(super) fn is_same_place(one: &str, other: &str) -> bool {
    let place = |address: &str| match folder(address) {
        None => address.trim_end_matches('/').to_owned(),
        Some(folder) => {
            let path = fs::canonicalize(folder).or_else(|_| std::path::absolute(folder));
            let path = path.unwrap_or_else(|_| folder.into());
            path.components().collect::<PathBuf>().display().to_string()
        }
    };
    place(one) == place(other)
}

/// The folder that an address names, unless it names a bucket.
fn folder(address: &str) -> Option<&str> {
    let path = address.strip_prefix("file:").unwrap_or(address);
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.contains("://")).then_some(path)
}

pub(super) fn open(address: &str, environment: &BTreeMap<String, String>) -> Result<Blobs, BlobError> {
    if let Some(place) = address.strip_prefix("s3://") {
        return open_s3(place, environment).map(|store| Blobs { store, part: S3_PART });
    }
    let path = folder(address).filter(|path| !path.is_empty()).ok_or(BlobError::Address)?;
    open_directory(Path::new(path)).map(|store| Blobs { store, part: FILE_PART })
}

fn open_directory(path: &Path) -> Result<Arc<dyn ObjectStore>, BlobError> {
    make_durably(path).map_err(|source| BlobError::Directory { path: path.display().to_string(), source })?;
    let store = LocalFileSystem::new_with_prefix(path).map_err(BlobError::Store)?;
    Ok(Arc::new(store.with_fsync(true).with_automatic_cleanup(true)))
}

/// Makes a directory and syncs those that came to hold a new one: else the loss of power could take it away
/// with every blob in it.
fn make_durably(path: &Path) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    let missing: Vec<&Path> = path.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
    fs::create_dir_all(&path)?;
    missing.iter().filter_map(|made| made.parent()).try_for_each(|holder| File::open(holder)?.sync_all())
}

fn open_s3(place: &str, environment: &BTreeMap<String, String>) -> Result<Arc<dyn ObjectStore>, BlobError> {
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() {
        return Err(BlobError::Address);
    }
    // The client takes the process's provider; a second call finds the first one's and may fail in peace.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The usual limit is on a whole request: a slow reader of a large blob would meet it.
    let client = ClientOptions::new().with_timeout_disabled().with_read_timeout(PATIENCE);
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_client_options(client);
    for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("AWS_")) {
        if let Ok(known) = name.to_ascii_lowercase().parse() {
            builder = builder.with_config(known, value);
        }
    }
    let store = builder.build().map_err(BlobError::Store)?;
    let prefix = prefix.trim_end_matches('/');
    if prefix.is_empty() {
        return Ok(Arc::new(store));
    }
    let prefix: BlobKey = prefix.parse().map_err(|_| BlobError::Address)?;
    Ok(Arc::new(PrefixStore::new(store, prefix.path().clone())))
}
