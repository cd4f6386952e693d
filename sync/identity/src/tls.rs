//! TLS 1.3 for both ends, with certificates that can be replaced while connections stay open.

use std::sync::{Arc, RwLock};

pub use rustls::ClientConfig;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};

use crate::verify::{PeerVerifier, ServerCheck};

/// Key and certificates cannot be used for TLS.
#[derive(Debug, thiserror::Error)]
#[error("key and certificate cannot be used: {0}")]
pub struct BadCredentials(String);

impl From<rustls::Error> for BadCredentials {
    fn from(why: rustls::Error) -> Self {
        Self(why.to_string())
    }
}

/// The key and chain that this end shows; [`Credentials::replace`] changes it for connections to come.
#[derive(Debug)]
pub struct Credentials {
    current: RwLock<Arc<CertifiedKey>>,
}

impl Credentials {
    /// From a private key (PEM) and its chain.
    ///
    /// # Errors
    /// The key does not read, or does not belong to the chain.
    pub fn new(key_pem: &str, chain: Vec<CertificateDer<'static>>) -> Result<Self, BadCredentials> {
        Ok(Self { current: RwLock::new(certified_key(key_pem, chain)?) })
    }

    /// Shows another key and chain from now on.
    ///
    /// # Errors
    /// As [`Self::new`]; then the old ones stay.
    pub fn replace(&self, key_pem: &str, chain: Vec<CertificateDer<'static>>) -> Result<(), BadCredentials> {
        let next = certified_key(key_pem, chain)?;
        if let Ok(mut current) = self.current.write() {
            *current = next;
        }
        Ok(())
    }

    fn now(&self) -> Option<Arc<CertifiedKey>> {
        self.current.read().ok().map(|current| Arc::clone(&current))
    }
}

fn certified_key(
    key_pem: &str,
    chain: Vec<CertificateDer<'static>>,
) -> Result<Arc<CertifiedKey>, BadCredentials> {
    let key =
        PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|why| BadCredentials(why.to_string()))?;
    let provider = rustls::crypto::ring::default_provider();
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider)?))
}

impl ResolvesServerCert for Credentials {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.now()
    }
}

impl ResolvesClientCert for Credentials {
    fn resolve(&self, _roots: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.now()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// HTTP clients ask for the process's crypto provider even where they are given a whole configuration.
pub fn use_one_provider() {
    // Somebody was first, with the same one: the lock file has no other.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// For a listener: the peer's certificate is checked by `peers`, and no session is resumed, so that each
/// connection shows a certificate that holds now.
///
/// # Errors
/// Never with the versions that this crate is built with.
pub fn server(credentials: Arc<Credentials>, peers: PeerVerifier) -> Result<ServerConfig, BadCredentials> {
    use_one_provider();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?;
    let mut config = builder.with_client_cert_verifier(Arc::new(peers)).with_cert_resolver(credentials);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// For a device that connects: it shows `credentials`, if it has some already, and checks the server by `check`.
///
/// # Errors
/// Never with the versions that this crate is built with.
pub fn client(
    credentials: Option<Arc<Credentials>>,
    check: ServerCheck,
) -> Result<ClientConfig, BadCredentials> {
    use_one_provider();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(check));
    let mut config = match credentials {
        Some(credentials) => builder.with_client_cert_resolver(credentials),
        None => builder.with_no_client_auth(),
    };
    config.resumption = rustls::client::Resumption::disabled();
    // The name is in the certificate, not in the address; there is nothing to send it for.
    config.enable_sni = false;
    Ok(config)
}
