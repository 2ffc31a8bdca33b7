//! The files that settings are made of, and whether one of them is not what it was.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// Files as they were at some time; one that was not there counts, for it may come.
#[derive(Debug)]
pub(super) struct Files(Vec<(PathBuf, Option<SystemTime>)>);

impl Files {
    /// As they are now.
    pub(super) fn now(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut files = Self(Vec::new());
        files.replace(paths);
        files
    }

    /// The same ones as they are now.
    pub(super) fn look_again(&mut self) {
        self.0.iter_mut().for_each(|(path, seen)| *seen = modified(path));
    }

    /// These instead; of those that were among them before, what was seen then still counts.
    pub(super) fn replace(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let before: HashMap<PathBuf, Option<SystemTime>> = self.0.drain(..).collect();
        self.0.extend(paths.into_iter().map(|path| {
            let seen = before.get(&path).copied().unwrap_or_else(|| modified(&path));
            (path, seen)
        }));
    }

    /// Whether one is not what it was.
    pub(super) fn have_changed(&self) -> bool {
        self.0.iter().any(|(path, seen)| modified(path) != *seen)
    }
}

fn modified(path: &PathBuf) -> Option<SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_goes_or_is_written_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let [settings, certificate] = ["comporta.yaml", "cert.pem"].map(|name| folder.path().join(name));
        fs::write(&settings, "").unwrap();
        let mut files = Files::now([settings.clone()]);
        files.replace([settings.clone(), certificate.clone()]);
        assert!(!files.have_changed());
        fs::write(&certificate, "").unwrap();
        assert!(files.have_changed(), "the missing one has come");

        files.look_again();
        assert!(!files.have_changed());
        fs::File::options()
            .append(true)
            .open(&settings)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        files.replace([settings]);
        assert!(files.have_changed(), "one was written before the others were left");

        files.look_again();
        files.replace([certificate.clone()]);
        fs::remove_file(&certificate).unwrap();
        assert!(files.have_changed(), "one is gone");
    }
}
