//! What must hold for any input at all. Each function takes bytes and panics where a rule is broken.
//!
//! The fuzz targets (`fuzz/`) call them with inputs that a fuzzer makes up, guided by what of the program they reach;
//! the tests here call them with every input that is kept in `fuzz/seeds`, among them all that a fuzzer ever found.
//! What is compared with is written naively, and shares no code with what is tested.
#![expect(clippy::panic, clippy::expect_used, reason = "a broken rule is told by a panic")]

mod api_key;
mod jwt;
mod paths;
mod settings;

pub use api_key::api_key;
pub use jwt::jwt;
pub use paths::paths;
pub use settings::settings;

/// A function that panics unless the rules hold for an input.
pub type Oracle = fn(&[u8]);

/// Every one, by the name of its fuzz target.
pub const ORACLES: [(&str, Oracle); 4] =
    [("paths", paths), ("jwt", jwt), ("api_key", api_key), ("settings", settings)];
