//! A blob's name: segments between slashes, spelled alike on a disk and in a bucket.

use std::fmt;
use std::str::FromStr;

use object_store::path::Path;

/// S3's own limit for a key, in bytes.
const LONGEST: usize = 1024;
/// What file systems take for a name, less room for the suffix of a file being written.
const LONGEST_SEGMENT: usize = 240;

/// A blob's key, such as `imports/imp_01…/file.csv`: segments of ASCII letters, digits and `. _ - =`. A segment
/// never begins with a point, so that no key leaves its store or hides in it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobKey(Path);

/// Text that is not a blob's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected segments of letters, digits and `. _ - =` between slashes, none beginning with a point")]
pub struct BlobKeyError;

impl BlobKey {
    pub(super) const fn path(&self) -> &Path {
        &self.0
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

impl FromStr for BlobKey {
    type Err = BlobKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > LONGEST || !text.split('/').all(is_segment) {
            return Err(BlobKeyError);
        }
        Path::parse(text).map(Self).map_err(|_| BlobKeyError)
    }
}

fn is_segment(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-=".contains(&byte);
    (1..=LONGEST_SEGMENT).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(plain)
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_leave_its_store() {
        let long = "a".repeat(LONGEST_SEGMENT + 1);
        for wrong in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "a/.hidden",
            "a\\b",
            "a b",
            "a#1",
            "á",
            "a%2e",
            "a\0",
            "c:/a",
            &long,
        ] {
            assert_eq!(wrong.parse::<BlobKey>(), Err(BlobKeyError), "{wrong}");
        }
    }

    #[test]
    fn a_key_reads_back_as_itself() {
        for right in ["a", "backups/2026-01-01T03-00-00Z/part.0001", "k=v/x_y-z"] {
            assert_eq!(right.parse::<BlobKey>().map(|key| key.to_string()), Ok(right.to_owned()));
        }
    }
}
