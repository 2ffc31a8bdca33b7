//! What processes left behind that were killed, or ended while the database was away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comporta_kernel::Uuid;

use crate::call::Tally;
use crate::instance::Instance;
use crate::layout::{self, Torn};
use crate::outlet::tallies;
use crate::route_names;
use crate::segment::lines_of;

/// The folder of a process that has ended, held so that nobody else sees to it.
#[derive(Debug)]
pub struct Orphan {
    instance: Instance,
    names: Vec<Arc<str>>,
}

/// A segment that was found.
#[derive(Debug)]
pub struct Found {
    /// Which of its process's segments it is.
    pub sequence: u64,
    /// What was counted in it; nothing in one that was made ahead.
    pub tallies: Vec<Tally>,
}

/// The folders of processes that have ended. Those of living ones are passed over, this process's own too.
///
/// # Errors
/// When the folder of folders cannot be read. That there is none is none.
pub fn orphans(root: &Path) -> io::Result<Vec<Orphan>> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if let Some(instance) = Instance::adopt(root, name.to_str().unwrap_or_default())? {
            let names = route_names::left_in(&instance.folder)?;
            found.push(Orphan { instance, names });
        }
    }
    Ok(found)
}

impl Orphan {
    /// The process that was, as its segments name it.
    #[must_use]
    pub const fn instance(&self) -> Uuid {
        self.instance.id
    }

    /// The files in its folder, each a segment or foreign.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        self.instance.files()
    }

    /// Reads a segment, or says why it is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self, file: &Path) -> io::Result<Result<Found, Torn>> {
        Ok(lines_of(file)?.and_then(|lines| {
            let (instance, sequence) = layout::read_header(&lines)?;
            if instance != self.instance.id {
                return Err(Torn::Instance);
            }
            Ok(Found { sequence, tallies: tallies(layout::read(&lines)?, &self.names)? })
        }))
    }

    /// Deletes a segment whose calls are elsewhere for good.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    /// Puts a file where nobody looks for segments: where it is now.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn set_aside(&self, file: &Path) -> io::Result<PathBuf> {
        self.instance.set_aside(file)
    }

    /// Deletes the folder, in which nothing is left.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn end(self) -> io::Result<()> {
        self.instance.remove()
    }
}
