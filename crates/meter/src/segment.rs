//! A segment: a file that one core counts into, mapped into memory.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use comporta_kernel::Uuid;
use memmap2::MmapMut;

use crate::call::Call;
use crate::layout::{self, Counted, Line, Place, Torn};
use crate::map::map;

/// Bytes of a line.
const LINE: usize = size_of::<Line>();
/// Bytes of the longest file that is looked into: many times a segment.
const LONGEST: u64 = 64 * 1024 * 1024;

/// A segment. Whoever owns it is the only one who reads or writes it.
pub(crate) struct Segment {
    map: MmapMut,
    path: PathBuf,
    sequence: u64,
    taken: usize,
}

impl Segment {
    /// Makes the file, with room for so many places, a power of two. Waits for the disk.
    pub(crate) fn create(path: &Path, places: usize, instance: Uuid, sequence: u64) -> io::Result<Self> {
        let mut lines = vec![Line::default(); layout::lines(places)];
        layout::begin(&mut lines, instance, sequence);
        let made = Self::write_and_map(path, &lines);
        if made.is_err() {
            let _ = fs::remove_file(path);
        }
        Ok(Self { map: made?, path: path.to_owned(), sequence, taken: 0 })
    }

    /// Zeros are written, not left out: into a hole, on a disk that is full by then, nothing could be counted, and the
    /// process would get SIGBUS for it. The header too is written and not put into the map, whose memory is only taken
    /// once something is counted.
    fn write_and_map(path: &Path, lines: &[Line]) -> io::Result<MmapMut> {
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytemuck::cast_slice(lines))?;
        map(&file)
    }

    /// Counts a call in a minute since 1970: false if there is no place left for one like it.
    pub(crate) fn count(&mut self, call: &Call, minute: u32) -> bool {
        let key = layout::key(call, minute);
        let (sequence, taken) = (self.sequence, self.taken);
        let counted = layout::count(self.lines_mut(), sequence, taken, &key, call);
        self.taken += usize::from(counted == Counted::Anew);
        counted != Counted::Full
    }

    /// Places taken.
    pub(crate) const fn taken(&self) -> usize {
        self.taken
    }

    /// Places that may be taken in all.
    pub(crate) fn room(&self) -> usize {
        layout::room(self.map.len() / LINE)
    }

    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was counted.
    pub(crate) fn read(&self) -> Result<Vec<Place>, Torn> {
        layout::read(bytemuck::cast_slice(&self.map))
    }

    /// Makes it another segment, in which nothing was counted: what it held must be elsewhere for good.
    pub(crate) fn renew(&mut self, sequence: u64) {
        layout::renew(self.lines_mut(), sequence);
        (self.sequence, self.taken) = (sequence, 0);
    }

    /// Deletes its file.
    pub(crate) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// A map begins with a page, and its length was chosen: this does not fail.
    fn lines_mut(&mut self) -> &mut [Line] {
        bytemuck::cast_slice_mut(&mut self.map)
    }
}

/// The lines of a file that nobody writes any more.
pub(crate) fn lines_of(path: &Path) -> io::Result<Result<Vec<Line>, Torn>> {
    if fs::metadata(path)?.len() > LONGEST {
        return Ok(Err(Torn::Header));
    }
    let bytes = fs::read(path)?;
    // What was read need not lie as lines do.
    let (lines, rest) = bytes.as_chunks::<LINE>();
    Ok(match rest {
        [] => Ok(lines.iter().map(|line| bytemuck::cast(*line)).collect()),
        _ => Err(Torn::Header),
    })
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}
