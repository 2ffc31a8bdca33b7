//! E-mail: messages in Portuguese with English beside it, and the transports that take them.
//!
//! A job sends, so that a server that is down costs a retry and not the letter. Each letter has an id of its own, which
//! says what it is about: sent twice it is recognisably the same letter, and in the outbox one file.
//!
//! ```no_run
//! use comporta_mail::{Body, Error, Mailer, Message};
//!
//! async fn run(mailer: &Mailer) -> Result<(), &'static str> {
//!     let message = Message::new(
//!         "quota-80-cmp_01kb1gy3m7f0v9s4t2q8n6x5cw-2026-03",
//!         "financeiro@aurora.example",
//!         "80% da cota usados / 80% of the quota used",
//!         Body::in_both("Sua empresa usou 80% da cota.", "Your company has used 80% of its quota."),
//!     );
//!     match mailer.send(&message).await {
//!         Ok(()) => Ok(()),
//!         // In a job: `Err(JobError::give_up(error))`. No later attempt will fare better.
//!         Err(error) if error.is_permanent() => Err("give up"),
//!         // The server may have taken it: who must never send twice gives up here, too.
//!         Err(Error::Unknown(_)) => Err("give up, or retry"),
//!         // `Err(JobError::retry(error))`.
//!         Err(_) => Err("retry"),
//!     }
//! }
//! ```

mod error;
mod mailer;
mod message;
mod outbox;
mod smtp;

pub use error::Error;
pub use mailer::{Mailer, Transport};
pub use message::{Attachment, Body, Message};
pub use smtp::ServerError;
