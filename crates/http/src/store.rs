//! What this crate keeps in the database.

pub(crate) mod idempotency;
