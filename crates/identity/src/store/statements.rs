//! The statements, which read the same to both engines; only the columns' types differ.

pub(super) const INSERT: &str = "INSERT INTO staff (id, email, password_hash, token_digest, created_at)
    VALUES ($1, $2, $3, $4, $5)";
pub(super) const SET_PASSWORD: &str =
    "UPDATE staff SET password_hash = $2 WHERE email = $1 RETURNING id, email, created_at";
pub(super) const SET_TOKEN: &str = "UPDATE staff SET token_digest = $2 WHERE id = $1";
pub(super) const BY_EMAIL: &str = "SELECT id, email, created_at, password_hash FROM staff WHERE email = $1";
pub(super) const BY_ID: &str =
    "SELECT id, email, created_at, token_digest FROM staff WHERE id = $1 AND token_digest IS NOT NULL";
