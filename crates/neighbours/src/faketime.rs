//! A program's clock, moved: by libfaketime, which answers in place of the system when a program asks for the time.

use std::io;
use std::path::PathBuf;

use crate::{FAKETIME, install};

/// Variables that move the clock of a program of ours: `shift` as libfaketime has it, such as `+2h` or `-31d`. Only
/// the time of day moves; time that is measured goes on as it does.
///
/// # Errors
/// When libfaketime is missing and cannot be installed.
pub fn moved_clock(shift: &str) -> io::Result<[(&'static str, String); 3]> {
    install(&[FAKETIME])?;
    let library = library().ok_or(io::ErrorKind::NotFound)?;
    Ok([
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME", shift.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ])
}

/// Debian keeps it in a folder that is named after the machine's kind.
pub(crate) fn library() -> Option<PathBuf> {
    let kind = format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", std::env::consts::ARCH);
    Some(PathBuf::from(kind)).filter(|path| path.is_file())
}
