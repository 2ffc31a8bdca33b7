//! A webhook in the manner of Standard Webhooks 1.0: an id that stays the same however often it is sent, the time of
//! sending, and a signature over both and the body.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comporta_kernel::{Clock, Secret};
use hmac::{Hmac, Mac as _};
use reqwest::{Client, StatusCode};
use sha2::Sha256;

/// What begins a secret; the key itself follows in base64.
const PREFIX: &str = "whsec_";
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Text that is no secret to sign with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SecretError;

/// Where webhooks are sent, and what they are signed with.
#[derive(Clone)]
pub struct Webhook {
    client: Client,
    url: String,
    key: Option<Vec<u8>>,
    clock: Clock,
}

/// Why something did not arrive.
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// It would not be taken in the next minute either.
    pub(crate) is_final: bool,
    /// Nobody knows whether it did.
    pub(crate) may_have_arrived: bool,
}

impl Webhook {
    /// A webhook to a URL, by a client that follows no redirections; without a secret it is not signed.
    ///
    /// # Errors
    /// [`SecretError`] for what [`Webhook::key`] does not read.
    pub fn new(
        client: Client,
        url: String,
        secret: Option<&Secret>,
        clock: Clock,
    ) -> Result<Self, SecretError> {
        let key = secret.map(Self::key).transpose()?;
        Ok(Self { client, url, key, clock })
    }

    /// The key of a secret: `whsec_` and 24 to 64 bytes in base64.
    ///
    /// # Errors
    /// [`SecretError`] for anything else.
    pub fn key(secret: &Secret) -> Result<Vec<u8>, SecretError> {
        let text = secret.expose().trim().strip_prefix(PREFIX).ok_or(SecretError)?;
        let key = STANDARD.decode(text).map_err(|_| SecretError)?;
        if (24..=64).contains(&key.len()) { Ok(key) } else { Err(SecretError) }
    }

    /// Sends a body once.
    pub(crate) async fn send(&self, id: &str, body: &str) -> Result<(), Failure> {
        let timestamp = self.clock.now().as_second().to_string();
        let request =
            self.client.post(&self.url).timeout(PATIENCE).header("content-type", "application/json");
        let request = request.header("webhook-id", id).header("webhook-timestamp", &timestamp);
        let request = match &self.key {
            Some(key) => request.header("webhook-signature", signature(key, id, &timestamp, body)),
            None => request,
        };
        match request.body(body.to_owned()).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Failure {
                is_final: is_final(answer.status()),
                ..Failure::new(format_args!("it answers {}", answer.status()))
            }),
            // Without the URL, which may hold a token.
            Err(error) => Err(Failure::new(error.without_url())),
        }
    }
}

impl Failure {
    /// One that may pass.
    pub(crate) fn new(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), is_final: false, may_have_arrived: false }
    }
}

/// Too slow, too often, or a failure of its own may pass; any other refusal stays one.
fn is_final(status: StatusCode) -> bool {
    let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    !passes && !status.is_server_error()
}

fn signature(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    // HMAC takes keys of any length: this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected whsec_ and 24 to 64 random bytes in base64")
    }
}

impl std::error::Error for SecretError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_published_example() {
        // The example of the Standard Webhooks specification and its libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let key = Webhook::key(&secret).unwrap();
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_long_enough_and_marked_as_what_it_is() {
        for wrong in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_*"] {
            assert_eq!(Webhook::key(&Secret::new(wrong)), Err(SecretError), "{wrong}");
        }
    }
}
