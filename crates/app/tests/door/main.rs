//! The public and the private listener as a caller meets them, in process, on SQLite with a clock that stands still.

mod entries;
mod refusals;
mod staff;
mod test_app;
