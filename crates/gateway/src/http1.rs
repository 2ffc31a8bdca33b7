//! HTTP/1.1 as it stands on the wire, the same towards callers and towards targets.

mod chunked;
mod encode;
mod fault;
mod fields;
mod framing;
mod lines;
mod sending;
mod wire;

pub(crate) use self::encode::{Length, content_length, field};
pub(crate) use self::fault::Malformed;
pub(crate) use self::fields::{MAX_HEAD, MAX_HEADERS, Told, read_fields};
pub(crate) use self::framing::{Framing, Next};
pub(crate) use self::lines::Lines;
pub(crate) use self::sending::{Outlet, Sending, Stopped};
pub(crate) use self::wire::Wire;
