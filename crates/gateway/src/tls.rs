//! TLS on both sides, from PEM files.

mod validity;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::{HttpVersion, Tls, UpstreamTls};

/// Why files make no TLS; names the setting.
#[derive(Debug)]
pub(crate) struct TlsFault {
    pub(crate) field: &'static str,
    message: String,
}

impl TlsFault {
    fn new(field: &'static str, message: impl fmt::Display) -> Self {
        Self { field, message: message.to_string() }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What the public listener shows its callers.
pub(crate) struct PublicTls {
    pub(crate) acceptor: TlsAcceptor,
    /// When its certificate ends, in seconds since 1970.
    pub(crate) ends: i64,
}

/// Reads what the public listener shows its callers.
pub(crate) fn public(tls: &Tls) -> Result<PublicTls, TlsFault> {
    let (chain, key) = identity(&tls.certificate, &tls.key)?;
    let ends = chain.first().and_then(|own| validity::not_after(own));
    let ends = ends.ok_or_else(|| TlsFault::new("certificate", "it cannot be read when it ends"))?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsFault::new("certificate", error))?
        .with_no_client_auth()
        .with_single_cert(chain, key);
    let mut config = config.map_err(|error| TlsFault::new("certificate", error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(PublicTls { acceptor: TlsAcceptor::from(Arc::new(config)), ends })
}

/// How the targets of an upstream are spoken to.
pub(crate) fn connector(tls: &UpstreamTls, version: HttpVersion) -> Result<TlsConnector, TlsFault> {
    let mut roots = RootCertStore::empty();
    match &tls.ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates(path, "ca")? {
                roots.add(certificate).map_err(|error| TlsFault::new("ca", error))?;
            }
        }
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsFault::new("ca", error))?
        .with_root_certificates(roots);
    let mut config = match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => {
            let (chain, key) = identity(certificate, key)?;
            config.with_client_auth_cert(chain, key).map_err(|error| TlsFault::new("certificate", error))?
        }
        (None, None) => config.with_no_client_auth(),
        (Some(_), None) => return Err(TlsFault::new("key", "expected the key of the certificate beside it")),
        (None, Some(_)) => {
            return Err(TlsFault::new("certificate", "expected the certificate of the key beside it"));
        }
    };
    config.alpn_protocols = crate::forward::offered(version);
    Ok(TlsConnector::from(Arc::new(config)))
}

/// How servers of the web are spoken to: issuers, logins, collectors.
///
/// # Errors
/// None with the provider that is compiled in.
pub fn web_client() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn identity(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsFault> {
    let chain = certificates(certificate, "certificate")?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| TlsFault::new("key", format!("no private key can be read: {error}")))?;
    Ok((chain, key))
}

fn certificates(path: &Path, field: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(TlsFault::new(field, "there is no certificate in the file")),
        Ok(found) => Ok(found),
        Err(error) => Err(TlsFault::new(field, format!("no certificate can be read: {error}"))),
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
