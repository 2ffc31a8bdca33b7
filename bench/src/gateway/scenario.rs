//! What is asked of every proxy.

use clap::ValueEnum;

use super::upstream::{LARGE, SMALL};
use crate::load::{Requests, Wanted, get, post};

/// A kind of request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Scenario {
    /// 200 bytes of JSON
    Get,
    /// 4 KB of JSON there, 200 bytes back
    Post4k,
    /// 200 bytes of JSON over HTTP/2 and TLS
    TlsH2,
    /// 1 MB of JSON
    Big,
    /// A service of our own in the same process
    InProcess,
}

impl Scenario {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET of 200 bytes",
            Self::Post4k => "POST of 4 KB",
            Self::TlsH2 => "GET of 200 bytes, HTTP/2 over TLS",
            Self::Big => "GET of 1 MB",
            Self::InProcess => "GET of /v1/books, in process",
        }
    }

    pub(super) fn is_secure(self) -> bool {
        self == Self::TlsH2
    }

    /// What is sent over and over, on behalf of a key.
    pub(super) fn requests(self, key: &str) -> Requests {
        Requests::new(vec![match self {
            Self::Get | Self::TlsH2 => get("/json", key),
            Self::Post4k => post("/echo4k", key, format!("{{\"data\":\"{}\"}}", "a".repeat(4096 - 11))),
            Self::Big => get("/big", key),
            Self::InProcess => get("/v1/books", key),
        }])
    }

    /// The answer to it.
    pub(super) fn wanted(self) -> Wanted {
        let length = match self {
            Self::Get | Self::Post4k | Self::TlsH2 => Some(SMALL),
            Self::Big => Some(LARGE),
            Self::InProcess => None,
        };
        Wanted { status: 200, length }
    }
}
