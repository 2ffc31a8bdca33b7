//! An archive of many files (PKWARE's APPNOTE 6.3.10): stored as they are, since PDFs are compressed already.
//!
//! Each file's length and check sum stand before it, so that readers that cannot seek read it too; files have no time, so
//! that the same files give the same bytes.

/// What an archive takes without the extensions for large ones: their fields have 16 and 32 bits.
const MAX_FILES: usize = 0xFFFF;
const MAX_BYTES: u64 = 0xFFFF_FFFF;
/// The version that a reader needs: 2.0.
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1 January 1980, the first day there is.
const DAY: u16 = (1 << 5) | 1;

/// An archive that has no room for another file.
#[derive(Debug, thiserror::Error)]
#[error("an archive has at most {MAX_FILES} files and 4 GiB")]
pub struct ArchiveFull;

/// A zip archive that is being written: each call puts the bytes that come next at the end of a buffer, which may be
/// emptied between calls. Remembers about 100 bytes of each file.
#[derive(Debug, Default)]
pub struct Archive {
    written: u64,
    files: usize,
    directory: Vec<u8>,
}

impl Archive {
    /// An empty archive.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file. Names should differ.
    ///
    /// # Errors
    /// When there is no room for it; nothing is written then.
    pub fn file(&mut self, name: &str, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ArchiveFull> {
        let name_length = u16::try_from(name.len()).map_err(|_| ArchiveFull)?;
        let end = self.written + (self.directory.len() + bytes.len() + 4 * name.len() + 200) as u64;
        if self.files == MAX_FILES || end > MAX_BYTES {
            return Err(ArchiveFull);
        }
        let length = narrow(bytes.len() as u64);
        // Stored, at midnight.
        let mut about = [VERSION, FLAGS, 0, 0, DAY].map(u16::to_le_bytes).concat();
        about.extend([crc32fast::hash(bytes), length, length].map(u32::to_le_bytes).concat());
        about.extend([name_length, 0].map(u16::to_le_bytes).concat());
        let begin = out.len();
        for part in [b"PK\x03\x04", about.as_slice(), name.as_bytes(), bytes] {
            out.extend_from_slice(part);
        }
        // In the directory: made for MS-DOS, no comment, on the first disk, no attributes.
        let offset = narrow(self.written).to_le_bytes();
        let made = VERSION.to_le_bytes();
        for part in [b"PK\x01\x02", made.as_slice(), &about, &[0; 10], &offset, name.as_bytes()] {
            self.directory.extend_from_slice(part);
        }
        self.files += 1;
        self.written += (out.len() - begin) as u64;
        Ok(())
    }

    /// Writes the end: the directory.
    pub fn finish(self, out: &mut Vec<u8>) {
        let files = u16::try_from(self.files).unwrap_or(u16::MAX);
        out.extend_from_slice(&self.directory);
        out.extend_from_slice(b"PK\x05\x06");
        out.extend([0, 0, files, files].map(u16::to_le_bytes).concat());
        out.extend(
            [narrow(self.directory.len() as u64), narrow(self.written)].map(u32::to_le_bytes).concat(),
        );
        out.extend_from_slice(&[0; 2]); // no comment
    }
}

/// Of a number that is within [`MAX_BYTES`].
fn narrow(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_that_is_full_takes_no_more_and_can_be_ended() {
        let (mut archive, mut out) = (Archive::new(), Vec::new());
        for number in 0..MAX_FILES {
            archive.file(&number.to_string(), b"", &mut out).unwrap();
        }
        let before = out.len();
        assert!(archive.file("another", b"", &mut out).is_err());
        assert_eq!(out.len(), before);
        archive.finish(&mut out);
        // The number of files, twice, stands before the directory's length and place.
        assert_eq!(out[out.len() - 14..out.len() - 10], [0xFF; 4]);
    }
}
