//! Who runs Comporta, with passwords and admin tokens; and the access tokens that partners' programs call with.

mod api;
mod error;
mod jobs;
mod model;
mod password_hash;
mod sealing;
mod service;
mod store;

pub use api::{oauth_router, openapi};
pub use error::Error;
pub use jobs::RotateSigningKeys;
pub use model::{
    AdminToken, Issuer, IssuerError, LONGEST_TOKEN, NotAToken, Password, PasswordError, Rotation,
    SigningAlgorithm, SigningAlgorithmError, SigningKeyId, Staff, StaffEmail, StaffEmailError, StaffId,
};
pub use sealing::SealingKey;
pub use service::{AuthorizationServer, Clients, ClientsUnavailable, Identity, NewStaff, SigningKeys};
