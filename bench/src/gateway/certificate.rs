//! A certificate for the run, which its load generator alone trusts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::Outcome;

const REQUEST: &str = "[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
CN = localhost
[extensions]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost
";

/// PEM files of a self-signed certificate of an elliptic key, P-256.
pub(super) struct Certificate {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    /// Both in one file.
    pub(super) both: PathBuf,
}

impl Certificate {
    /// Makes one with `openssl`.
    pub(super) fn make(folder: &Path) -> Outcome<Self> {
        let [request, certificate, key, both] =
            ["request.cnf", "certificate.pem", "key.pem", "both.pem"].map(|name| folder.join(name));
        fs::write(&request, REQUEST)?;
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-nodes", "-days", "30", "-newkey", "ec"]);
        openssl.args(["-pkeyopt", "ec_paramgen_curve:prime256v1", "-config"]).arg(&request);
        openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
        let output = openssl.output().map_err(|error| format!("openssl: {error}"))?;
        if !output.status.success() {
            return Err(format!("openssl: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        fs::write(&both, [fs::read(&certificate)?, fs::read(&key)?].concat())?;
        Ok(Self { certificate, key, both })
    }

    /// A client that trusts it and asks for HTTP/2.
    pub(super) fn connector(&self) -> Outcome<TlsConnector> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.certificate)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }
}
