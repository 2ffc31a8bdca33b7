//! A file's bytes as memory. The only unsafe code of the workspace: look at every change of it twice.

#![expect(unsafe_code, reason = "there is no safe way to map a file")]

use std::fs::File;
use std::io;

use memmap2::MmapMut;

/// Maps all of a file that belongs to this process alone.
pub(crate) fn map(file: &File) -> io::Result<MmapMut> {
    // SAFETY: memory behind a map must not change, or shrink away, but by who holds the map. The file lies in a folder
    // of this process's own, made by it and under its lock, and is opened by it once; other processes read files of a
    // folder only after they have got its lock, when this one has ended. The file is never made shorter.
    unsafe { MmapMut::map_mut(file) }
}
