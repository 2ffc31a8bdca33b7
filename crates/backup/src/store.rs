//! What backups ask of a database itself, in each engine's own statements.

pub(crate) mod postgres;
pub(crate) mod sqlite;
