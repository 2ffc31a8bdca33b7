//! Argon2id, away from the threads that answer requests.

use argon2::Argon2;
use argon2::password_hash::{
    Error as HashError, PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString,
};
use comporta_kernel::Rng;
use tokio::sync::Semaphore;

use crate::{Error, Password};

/// The hash of no password that anybody has: it costs what a real one does, so that the time of an answer does
/// not tell which e-mail addresses exist.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Jp2FpdkZbdZvfPJzdf/kJQ$vMjLyvhS+pbEue97agC7XUfSng/8622reKkPZAmY45A";

/// Hashes and verifies passwords with Argon2id (RFC 9106), 19 MiB and two passes as OWASP advises, two at a time:
/// a flood of attempts must not take the machine's memory.
#[derive(Debug)]
pub(crate) struct Hasher {
    rng: Rng,
    places: Semaphore,
}

impl Hasher {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { rng, places: Semaphore::new(2) }
    }

    /// A password's hash as a PHC string.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Error> {
        let salt = SaltString::encode_b64(&self.rng.bytes::<16>())?;
        let hash =
            move || Ok(Argon2::default().hash_password(password.expose().as_bytes(), &salt)?.to_string());
        self.aside(hash).await
    }

    /// Whether the password is the hash's. Without a hash the answer is no, after as long a time.
    pub(crate) async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, Error> {
        let verify = move || {
            let parsed = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY))?;
            match Argon2::default().verify_password(password.expose().as_bytes(), &parsed) {
                Ok(()) => Ok(hash.is_some()),
                Err(HashError::Password) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        self.aside(verify).await
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.places.acquire().await;
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Hashing(HashError::Crypto)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_opens() {
        let hasher = Hasher::new(Rng::seeded(1));
        let right: Password = "correct horse".parse().unwrap();
        let hash = hasher.hash(right.clone()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hasher.hash(right.clone()).await.unwrap(), "salted");

        assert!(hasher.verify(right.clone(), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify("wrong horse".parse().unwrap(), Some(hash)).await.unwrap());
        assert!(!hasher.verify(right.clone(), None).await.unwrap());
        assert!(hasher.verify(right, Some("nonsense".to_owned())).await.is_err());
    }

    #[test]
    fn nobodys_hash_costs_what_a_real_one_does() {
        assert!(NOBODY.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }
}
