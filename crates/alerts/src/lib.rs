//! Alerts for those with no Prometheus: what is wrong is told to people once, by e-mail and by webhook, and its end too.
//!
//! Whoever runs it says what is wrong now, from time to time; see [`Looks`]. That something has held for a while, that
//! it was told already and by whom, is kept in the database, so that several processes, and restarts, tell it once.

mod delivery;
mod letter;
mod model;
mod service;
mod store;
mod webhook;

pub use delivery::Channels;
pub use model::{Condition, Sign, Terms};
pub use service::{Look, Looks, Watch};
pub use webhook::{SecretError, Webhook};
