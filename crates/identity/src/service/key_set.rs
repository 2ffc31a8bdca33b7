//! The published signing keys as a process holds them in memory.

use std::sync::Arc;

use comporta_jwt::{JwkSet, SigningKey};
use comporta_kernel::Timestamp;

use crate::model::KeptKey;
use crate::{Error, SealingKey, SigningAlgorithm};

/// Every key that is published, opened.
pub(super) struct KeySet {
    es256: Succession,
    ed_dsa: Succession,
    jwks: Arc<JwkSet>,
}

/// The keys of one algorithm, which sign one after the other.
struct Succession {
    first: Signer,
    /// Oldest first.
    later: Vec<Signer>,
}

struct Signer {
    key: Arc<SigningKey>,
    signs_from: Timestamp,
}

impl KeySet {
    /// Opens those of `kept` that are published at an instant. They come oldest first.
    pub(super) fn open(kept: &[KeptKey], sealing: &SealingKey, now: Timestamp) -> Result<Self, Error> {
        let mut keys = Vec::new();
        let mut succession = |algorithm| {
            let of_it = kept.iter().filter(|key| key.algorithm == algorithm && !key.has_ended(kept, now));
            let signers = of_it.map(|key| Signer::open(key, sealing)).collect::<Result<Vec<_>, _>>()?;
            keys.extend(signers.iter().filter_map(|signer| signer.key.public_jwk()));
            let mut signers = signers.into_iter();
            // Only a hand in the database can have taken the last key of an algorithm away.
            let first =
                signers.next().ok_or(comporta_db::Error::Corrupt { column: "signing_key.algorithm" })?;
            Ok::<_, Error>(Succession { first, later: signers.collect() })
        };
        let (es256, ed_dsa) = (succession(SigningAlgorithm::Es256)?, succession(SigningAlgorithm::EdDsa)?);
        Ok(Self { es256, ed_dsa, jwks: Arc::new(JwkSet { keys }) })
    }

    /// The key that signs at an instant.
    pub(super) fn current(&self, algorithm: SigningAlgorithm, now: Timestamp) -> Arc<SigningKey> {
        let Succession { first, later } = match algorithm {
            SigningAlgorithm::Es256 => &self.es256,
            SigningAlgorithm::EdDsa => &self.ed_dsa,
        };
        let signer = later.iter().rev().find(|signer| signer.signs_from <= now).unwrap_or(first);
        Arc::clone(&signer.key)
    }

    /// The public parts of all.
    pub(super) fn jwks(&self) -> Arc<JwkSet> {
        Arc::clone(&self.jwks)
    }
}

impl Signer {
    fn open(kept: &KeptKey, sealing: &SealingKey) -> Result<Self, Error> {
        let kid = kept.id.to_string();
        let pkcs8 = sealing.open(&kid, &kept.sealed).map_err(|_| Error::Sealed { id: kept.id })?;
        let key = SigningKey::from_pkcs8(kept.algorithm.into(), &pkcs8, kid)?;
        Ok(Self { key: Arc::new(key), signs_from: kept.signs_from })
    }
}
