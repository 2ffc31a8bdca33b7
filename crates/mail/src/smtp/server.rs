//! Where the mail server is, how it is spoken to, and as whom.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// Text that names no mail server. Does not show it: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected smtps://USER:PASSWORD@HOST:PORT, or smtp:// for a server that turns to TLS (STARTTLS), or smtp://…?tls=none"
)]
pub struct ServerError;

pub(super) struct Server {
    host: String,
    port: u16,
    privacy: Privacy,
    credentials: Option<Credentials>,
}

enum Privacy {
    /// TLS from the first byte (RFC 8314).
    Tls(TlsParameters),
    /// TLS before anything of ours is said; without it nothing is.
    StartTls(TlsParameters),
    /// None, because the settings say so.
    Clear,
}

impl Server {
    pub(super) fn parse(text: &str) -> Result<Self, ServerError> {
        let url = Url::parse(text).map_err(|_| ServerError)?;
        let host = match url.host().ok_or(ServerError)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let tls = || TlsParameters::new_rustls(host.clone()).map_err(|_| ServerError);
        let (privacy, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Privacy::Tls(tls()?), 465),
            ("smtp", None) => (Privacy::StartTls(tls()?), 587),
            ("smtp", Some("tls=none")) => (Privacy::Clear, 25),
            _ => return Err(ServerError),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
        let credentials = match url.password() {
            None if url.username().is_empty() => None,
            None => return Err(ServerError),
            Some(password) => {
                let user = decoded(url.username()).map_err(|_| ServerError)?;
                Some(Credentials::new(user, decoded(password).map_err(|_| ServerError)?))
            }
        };
        let bare = matches!(url.path(), "" | "/") && url.fragment().is_none();
        let port = url.port().unwrap_or(port);
        if bare { Ok(Self { host, port, privacy, credentials }) } else { Err(ServerError) }
    }

    pub(super) async fn connect(
        &self,
        hello: &ClientId,
        patience: Duration,
    ) -> Result<AsyncSmtpConnection, Error> {
        let address = (self.host.as_str(), self.port);
        let tls = if let Privacy::Tls(tls) = &self.privacy { Some(tls.clone()) } else { None };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(patience), hello, tls, None).await?;
        if let Privacy::StartTls(tls) = &self.privacy {
            connection.starttls(tls.clone(), hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_read_from_its_url_and_tls_is_left_out_only_if_it_says_so() {
        let server = |text| Server::parse(text).unwrap();
        assert!(matches!(server("smtps://u:p%40ss@mail.example").privacy, Privacy::Tls(_)));
        assert_eq!(server("smtps://u:p%40ss@mail.example").port, 465);
        assert!(matches!(server("smtp://mail.example").privacy, Privacy::StartTls(_)));
        let clear = server("smtp://[::1]:1025?tls=none");
        assert!(matches!(clear.privacy, Privacy::Clear));
        assert_eq!((clear.host.as_str(), clear.port, clear.credentials.is_none()), ("::1", 1025, true));
        let expected = Credentials::new("u".to_owned(), "p@ss".to_owned());
        assert_eq!(server("smtps://u:p%40ss@mail.example").credentials, Some(expected));
    }

    #[test]
    fn what_names_no_server_is_refused_without_showing_a_password() {
        for wrong in [
            "",
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://mail.example?tls=maybe",
            "smtps://mail.example?tls=none",
            "smtp://user@mail.example",
            "smtp://mail.example/path",
        ] {
            assert_eq!(Server::parse(wrong).err(), Some(ServerError), "{wrong}");
        }
        assert!(!Server::parse("smtp:/u:hunter2@h").err().unwrap().to_string().contains("hunter2"));
    }
}
