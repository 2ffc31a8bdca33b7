//! Which program a restart starts: the one that stands on disk now where this one was started from.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// This process's own. Ask early: once the file is replaced, the kernel gives its path as that of a deleted one.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn of_process() -> io::Result<Self> {
        let mut arguments = env::args_os();
        let running = env::current_exe()?;
        let named = arguments.next().and_then(|name| find(&name, &env::current_dir().ok()?));
        // The name as it was called follows a link that is set to the next version; the kernel's path does not.
        let path = named.filter(|named| is_same(named, &running)).unwrap_or(running);
        Ok(Self { path, arguments: arguments.collect() })
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it was called with.
    #[must_use]
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }
}

/// The file that a command's name stands for, as a shell finds it.
fn find(name: &OsStr, folder: &Path) -> Option<PathBuf> {
    if Path::new(name).components().count() > 1 {
        // Without the `.` of `./comporta`.
        return Some(folder.join(name).components().collect());
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|place| folder.join(place).join(name))
        .find(|path| path.exists())
}

fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path| fs::metadata(path).map(|facts| (facts.dev(), facts.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_as_a_shell_finds_it() {
        let here = Path::new("/opt/comporta");
        assert_eq!(find(OsStr::new("./bin/comporta"), here), Some(here.join("bin/comporta")));
        assert_eq!(find(OsStr::new("/usr/bin/comporta"), here), Some("/usr/bin/comporta".into()));
        assert!(find(OsStr::new("sh"), here).is_some_and(|path| path.ends_with("sh") && path.is_absolute()));
        assert_eq!(find(OsStr::new("no such program"), here), None);
        let own = Program::of_process().unwrap();
        assert!(is_same(own.path(), &env::current_exe().unwrap()));
    }
}
