//! The people who run Comporta: who they are, their passwords and their admin tokens.

mod error;
mod model;
mod password_hash;
mod service;
mod store;

pub use error::Error;
pub use model::{
    AdminToken, NotAToken, Password, PasswordError, Staff, StaffEmail, StaffEmailError, StaffId,
};
pub use service::{Identity, NewStaff};
