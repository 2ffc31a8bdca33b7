//! Letters as files: the first run has no mail server.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::message::Written;

/// What is left free of the disk, which the database needs more: a file of a million debts is 50 GB of letters.
const RESERVE: u64 = 1 << 30;

/// A folder with a file for each letter, which mail programs open.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(PathBuf);

impl Outbox {
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Writes `ID.eml`, whole or not at all; the same letter again takes the place of the first.
    pub(crate) async fn put(&self, letter: Written) -> Result<(), Error> {
        let folder = self.0.clone();
        let path = folder.join(format!("{}.eml", letter.id));
        let to = path.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, &to, &letter)).await;
        let written = written.unwrap_or_else(|_| Err(io::Error::other("the writing was broken off")));
        written.map_err(|source| Error::Outbox { path, source })
    }
}

/// The file is not forced to the disk: a letter in the outbox is to be looked at, not to be relied on.
fn write(folder: &Path, to: &Path, letter: &Written) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let disk = rustix::fs::statvfs(folder)?;
    if !has_room(disk.f_bavail.saturating_mul(disk.f_frsize)) {
        return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk has less than 1 GiB left"));
    }
    // Named by the thread: no two write to one file at once, and what a crash left is written over.
    let aside = folder.join(format!(".{}-{:?}", std::process::id(), std::thread::current().id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(letter.text.as_bytes())?;
    fs::rename(&aside, to)
}

/// Whether a disk with so many bytes left has room for letters.
const fn has_room(left: u64) -> bool {
    left > RESERVE
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use comporta_kernel::Clock;

    use crate::{Mailer, Message, Transport};

    #[tokio::test(flavor = "multi_thread")]
    async fn each_letter_is_one_whole_file_of_its_owners_however_often_it_is_sent() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("outbox");
        let transport = Transport::File { folder: folder.clone() };
        let mailer = Mailer::new(transport, "Comporta <contas@localhost>", Clock::system()).unwrap();
        let sending = (0..40).map(|number| {
            let mailer = mailer.clone();
            let id = format!("letter-{}", number % 20);
            tokio::spawn(async move { mailer.send(&Message::new(id, "ana@example.com", "x", "olá")).await })
        });
        for sent in sending.collect::<Vec<_>>() {
            sent.await.unwrap().unwrap();
        }
        let files: Vec<_> = folder.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 20);
        for file in files {
            assert_eq!(file.extension().unwrap(), "eml");
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            let text = std::fs::read_to_string(&file).unwrap();
            let id = format!("<{}@localhost>", file.file_stem().unwrap().to_str().unwrap());
            assert!(text.contains(&id) && text.contains("Subject: x"), "{text}");
        }
    }

    #[test]
    fn letters_leave_the_last_gibibyte_to_the_database() {
        assert!(super::has_room(2 << 30));
        assert!(!super::has_room(1 << 30) && !super::has_room(0));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_a_failure_that_may_pass() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("outbox"), "").unwrap();
        let transport = Transport::File { folder: data.path().join("outbox") };
        let mailer = Mailer::new(transport, "contas@localhost", Clock::system()).unwrap();
        let failed = mailer.send(&Message::new("a", "ana@example.com", "x", "x")).await.unwrap_err();
        assert!(!failed.is_permanent(), "{failed}");
    }
}
