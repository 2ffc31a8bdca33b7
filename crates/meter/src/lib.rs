//! Counts calls in memory-mapped files: what was counted outlives the process, and is handed on exactly once.
//!
//! A [`Counter`] belongs to one core of the data plane and counts into a segment of its own. A segment that is old or
//! full goes to the [`Outlet`], whose owner writes it down elsewhere and gives the file back. What a process leaves
//! behind that was killed, the next one finds by [`orphans`].

mod call;
mod counter;
mod instance;
mod layout;
mod map;
mod meter;
mod orphan;
mod outlet;
mod route_names;
mod segment;
mod stock;

pub use call::{Call, Class, Tally};
pub use counter::Counter;
pub use layout::Torn;
pub use meter::{Meter, MeterError, Options};
pub use orphan::{Found, Orphan, orphans};
pub use outlet::{Outlet, Sealed};
pub use stock::Stock;
