//! The secret under which keys are hashed: without it the database's digests say nothing about any key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comporta_kernel::Rng;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::model::Digest;
use crate::{ApiKeyText, PepperId};

const SHORTEST: usize = 32;

/// At least 32 bytes of secret. `Debug` does not show them.
#[derive(Clone)]
pub struct Pepper {
    hash: Hmac<Sha256>,
    id: PepperId,
}

/// The pepper that new keys are hashed under, and those that keys may be hashed under still. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Peppers(Arc<[Pepper]>);

/// Under which of the [`Peppers`] a digest was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Under {
    /// The one at this place; the first is the one for new keys.
    Place(usize),
    /// Not noted: any of them.
    Any,
    /// One that this process does not have.
    Unknown,
}

/// Why there is no pepper.
#[derive(Debug, thiserror::Error)]
pub enum PepperError {
    /// Too little to be a secret.
    #[error("the pepper is too short: at least {SHORTEST} characters")]
    TooShort,
    /// The file cannot be read or made.
    #[error("cannot read or make the pepper's file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl Pepper {
    /// The pepper that a text stands for; white space around it does not count.
    ///
    /// # Errors
    /// [`PepperError::TooShort`] under 32 bytes.
    pub fn from_text(text: &str) -> Result<Self, PepperError> {
        let text = text.trim();
        if text.len() < SHORTEST {
            return Err(PepperError::TooShort);
        }
        let hash = Hmac::new_from_slice(text.as_bytes()).map_err(|_| PepperError::TooShort)?;
        let [a, b, c, d, ..] = derived(&hash, "pepper id");
        Ok(Self { hash, id: PepperId::new(u32::from_be_bytes([a, b, c, d])) })
    }

    /// The pepper kept in a file; made, random and readable by its owner only, when there is none yet.
    /// The file's text given to [`Pepper::from_text`] is the same pepper.
    ///
    /// # Errors
    /// [`PepperError`] when the file cannot be read or made, or holds too little.
    pub fn load_or_create(path: &Path, rng: &Rng) -> Result<Self, PepperError> {
        let in_file = |source| PepperError::File { path: path.to_owned(), source };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path, rng).and_then(|()| fs::read_to_string(path))
            }
            read => read,
        };
        Self::from_text(&text.map_err(in_file)?)
    }

    /// A secret of its own for another purpose: who knows one knows neither the pepper nor any other.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        derived(&self.hash, purpose)
    }

    /// Its name, which says nothing about it.
    #[must_use]
    pub const fn id(&self) -> PepperId {
        self.id
    }

    pub(crate) fn digest(&self, key: &ApiKeyText<'_>) -> Digest {
        let bytes = self.hash.clone().chain_update(key.expose()).finalize().into_bytes().into();
        Digest { bytes, pepper: Some(self.id) }
    }

    /// Whether the digest is the key's, in a time that does not depend on where they differ.
    pub(crate) fn matches(&self, key: &ApiKeyText<'_>, digest: &[u8; 32]) -> bool {
        self.hash.clone().chain_update(key.expose()).verify_slice(digest).is_ok()
    }
}

impl Peppers {
    /// New keys are hashed under `current`; keys under any of `accepted` are good, too.
    #[must_use]
    pub fn new(current: Pepper, accepted: impl IntoIterator<Item = Pepper>) -> Self {
        Self(std::iter::once(current).chain(accepted).collect())
    }

    /// The one that new keys are hashed under.
    #[must_use]
    pub fn current(&self) -> &Pepper {
        // Made with one at least.
        &self.0[0]
    }

    /// The others, under which keys are good still.
    pub fn accepted(&self) -> impl Iterator<Item = &Pepper> {
        self.0.iter().skip(1)
    }

    pub(crate) fn under(&self, digest: &Digest) -> Under {
        let Some(id) = digest.pepper else { return Under::Any };
        self.0.iter().position(|pepper| pepper.id == id).map_or(Under::Unknown, Under::Place)
    }

    /// Whether the digest is the key's.
    pub(crate) fn matches(&self, key: &ApiKeyText<'_>, digest: &[u8; 32], under: Under) -> bool {
        match under {
            Under::Place(place) => self.0.get(place).is_some_and(|pepper| pepper.matches(key, digest)),
            Under::Any => self.0.iter().any(|pepper| pepper.matches(key, digest)),
            Under::Unknown => false,
        }
    }
}

impl From<Pepper> for Peppers {
    fn from(pepper: Pepper) -> Self {
        Self::new(pepper, [])
    }
}

fn derived(hash: &Hmac<Sha256>, purpose: &str) -> [u8; 32] {
    hash.clone().chain_update("comporta derived key: ").chain_update(purpose).finalize().into_bytes().into()
}

/// Writes aside, then links into place: whoever comes second finds the first one's whole file, never half of one.
fn create(path: &Path, rng: &Rng) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let aside = folder.join(format!(".pepper-{}", hex::encode(rng.bytes::<8>())));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    let written = file
        .write_all(format!("{}\n", hex::encode(rng.bytes::<32>())).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&aside, path));
    fs::remove_file(&aside)?;
    match written {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(folder)?.sync_all(),
    }
}

impl std::fmt::Debug for Pepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pepper")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::KeyMode;

    #[test]
    fn the_file_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/pepper");
        let key = ApiKeyText::random(
            "key_00000000000000000000000000".parse().unwrap(),
            KeyMode::Live,
            &Rng::system(),
        );

        let made: Vec<Pepper> = std::thread::scope(|scope| {
            let racers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Pepper::load_or_create(&path, &Rng::system()))).collect();
            racers.into_iter().map(|racer| racer.join().unwrap().unwrap()).collect()
        });
        let digest = made[0].digest(&key).bytes;
        assert!(made.iter().all(|pepper| pepper.matches(&key, &digest)));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left aside");

        let text = fs::read_to_string(&path).unwrap();
        assert!(Pepper::from_text(&text).unwrap().matches(&key, &digest));
        assert!(!Pepper::from_text(&"x".repeat(32)).unwrap().matches(&key, &digest));
    }

    #[test]
    fn a_digest_is_known_under_the_new_and_the_accepted_pepper_and_under_no_other() {
        let pepper = |letter: &str| Pepper::from_text(&letter.repeat(32)).unwrap();
        let id = "key_00000000000000000000000000".parse().unwrap();
        let key = ApiKeyText::random(id, KeyMode::Live, &Rng::system());
        let both = Peppers::new(pepper("n"), [pepper("o")]);
        let (new, old, other) =
            (pepper("n").digest(&key), pepper("o").digest(&key), pepper("x").digest(&key));
        assert_eq!(
            [&new, &old, &other].map(|digest| both.under(digest)),
            [Under::Place(0), Under::Place(1), Under::Unknown]
        );
        for (digest, known) in [(new, true), (old, true), (other, false)] {
            assert_eq!(both.matches(&key, &digest.bytes, both.under(&digest)), known);
            // One from before peppers had ids.
            let unnamed = Digest { pepper: None, ..digest };
            assert_eq!(both.matches(&key, &unnamed.bytes, both.under(&unnamed)), known);
        }
        assert_eq!(pepper("n").id().to_string().parse(), Ok(both.current().id()));
        assert_ne!(pepper("n").id(), pepper("o").id());
    }

    #[test]
    fn a_short_or_empty_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pepper");
        fs::write(&path, "").unwrap();
        assert!(matches!(Pepper::load_or_create(&path, &Rng::system()), Err(PepperError::TooShort)));
        assert!(Pepper::from_text(&" ".repeat(40)).is_err());
        assert_eq!(format!("{:?}", Pepper::from_text(&"s".repeat(32)).unwrap()), "Pepper");
    }
}
