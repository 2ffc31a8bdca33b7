//! The names of routes behind their numbers, in a file that only grows: a name is in it before its number is used.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// The file's name.
pub(crate) const FILE: &str = "routes";
/// Longest name, in bytes: a length beyond is not one that was written.
const LONGEST: usize = 64 * 1024;
/// Names a process may come to: beyond, its settings have been reloaded with other names for very long.
const MOST: usize = 1 << 20;

/// A process's own names.
#[derive(Debug)]
pub(crate) struct RouteNames {
    file: File,
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl RouteNames {
    /// An empty file in a folder.
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(folder.join(FILE))?;
        Ok(Self { file, numbers: HashMap::new(), names: Vec::new() })
    }

    /// The numbers of names: those that are new are on the disk when this returns.
    pub(crate) fn numbers(&mut self, names: &[&str]) -> io::Result<Vec<u32>> {
        let mut new: Vec<Arc<str>> = Vec::new();
        for name in names {
            if !self.numbers.contains_key(*name) && !new.iter().any(|new| **new == **name) {
                new.push((*name).into());
            }
        }
        if !new.is_empty() {
            self.append(new)?;
        }
        Ok(names.iter().filter_map(|name| self.numbers.get(*name).copied()).collect())
    }

    fn append(&mut self, new: Vec<Arc<str>>) -> io::Result<()> {
        if self.names.len() + new.len() > MOST || new.iter().any(|name| name.len() > LONGEST) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "too many names of routes, or too long ones",
            ));
        }
        let whole = self.file.metadata()?.len();
        let bytes: Vec<u8> = new.iter().flat_map(|name| record(name)).collect();
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_all());
        if let Err(error) = written {
            // Half a name must not stand before the next ones.
            self.file.set_len(whole)?;
            return Err(error);
        }
        for name in new {
            self.numbers.insert(Arc::clone(&name), self.names.len() as u32);
            self.names.push(name);
        }
        Ok(())
    }

    /// All names, each at its number.
    pub(crate) fn names(&self) -> &[Arc<str>] {
        &self.names
    }
}

/// A name as it stands in the file: its length, a sum to know it by, itself.
fn record(name: &str) -> Vec<u8> {
    let mut record = Vec::with_capacity(8 + name.len());
    record.extend_from_slice(&(name.len() as u32).to_le_bytes());
    record.extend_from_slice(&crc32fast::hash(name.as_bytes()).to_le_bytes());
    record.extend_from_slice(name.as_bytes());
    record
}

/// The names that a process left in its folder. What it was writing when it ended, it never used.
pub(crate) fn left_in(folder: &Path) -> io::Result<Vec<Arc<str>>> {
    let bytes = match fs::read(folder.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let (mut names, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((name, after)) = next_name(rest) {
        names.push(name.into());
        rest = after;
    }
    Ok(names)
}

fn next_name(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let (name, rest) = rest.split_at_checked(length)?;
    let good = length <= LONGEST && crc32fast::hash(name) == u32::from_le_bytes(*sum);
    Some((std::str::from_utf8(name).ok().filter(|_| good)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_is_read_back_but_for_a_torn_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut names = RouteNames::create(folder.path()).unwrap();
        assert_eq!(names.numbers(&["entries", "livros é", "entries"]).unwrap(), [0, 1, 0]);
        assert_eq!(names.numbers(&["new", "livros é", ""]).unwrap(), [2, 1, 3]);
        let left: Vec<Arc<str>> = ["entries", "livros é", "new", ""].map(Into::into).into();
        assert_eq!(left_in(folder.path()).unwrap(), left);
        let file = folder.path().join(FILE);
        let mut bytes = fs::read(&file).unwrap();
        bytes.extend(&record("half")[..10]);
        fs::write(&file, &bytes).unwrap();
        assert_eq!(left_in(folder.path()).unwrap(), left);
        let place = bytes.windows(3).position(|window| window == b"new").unwrap();
        bytes[place] = b'N';
        fs::write(&file, &bytes).unwrap();
        assert_eq!(left_in(folder.path()).unwrap(), left[..2]);
        assert!(names.numbers(&[&"x".repeat(LONGEST + 1)]).is_err());
    }
}
