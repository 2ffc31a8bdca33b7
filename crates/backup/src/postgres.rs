//! PostgreSQL, by its own programs: `pg_dump` and `pg_restore`, `pg_basebackup` and its archived log.

mod address;
mod base;
mod dump;
mod process;
mod programs;
mod scratch;

pub(crate) use address::Address;
pub(crate) use base::{RestoreTo, cluster_is_empty, make_base, unpack_cluster};
pub(crate) use dump::{is_readable, make_dump, restore_dump};
pub(crate) use scratch::ScratchCluster;
