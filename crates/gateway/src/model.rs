//! What the gateway decides without asking anybody: pure rules.

pub(crate) mod cors;
pub(crate) mod fault;
pub(crate) mod forwarded;
pub(crate) mod gcra;
pub(crate) mod header_hygiene;
pub(crate) mod masking;
pub(crate) mod path_pattern;
pub(crate) mod proxy_protocol;
pub(crate) mod redaction;
pub(crate) mod rewrite;
pub(crate) mod table;
pub(crate) mod trace;
