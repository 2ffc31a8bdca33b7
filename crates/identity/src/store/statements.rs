//! The statements, which read the same to both engines; only the columns' types differ.

pub(super) const INSERT: &str = "INSERT INTO staff (id, email, password_hash, token_digest, created_at)
    VALUES ($1, $2, $3, $4, $5)";
pub(super) const SET_PASSWORD: &str =
    "UPDATE staff SET password_hash = $2 WHERE email = $1 RETURNING id, email, created_at";
pub(super) const SET_TOKEN: &str = "UPDATE staff SET token_digest = $2 WHERE id = $1";
pub(super) const BY_EMAIL: &str = "SELECT id, email, created_at, password_hash FROM staff WHERE email = $1";
pub(super) const BY_ID: &str =
    "SELECT id, email, created_at, token_digest FROM staff WHERE id = $1 AND token_digest IS NOT NULL";

// Keys of algorithms that only a newer version knows are left to it.
pub(super) const SIGNING_KEYS: &str =
    "SELECT id, algorithm, generation, sealed, created_at, signs_from FROM signing_key
    WHERE algorithm IN ('ES256', 'EdDSA') ORDER BY algorithm, generation";
pub(super) const INSERT_SIGNING_KEY: &str =
    "INSERT INTO signing_key (id, algorithm, generation, sealed, created_at, signs_from)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (algorithm, generation) DO NOTHING";
pub(super) const RESEAL_SIGNING_KEY: &str =
    "UPDATE signing_key SET sealed = $3 WHERE id = $1 AND sealed = $2";
pub(super) const DELETE_SIGNING_KEY: &str = "DELETE FROM signing_key WHERE id = $1";
