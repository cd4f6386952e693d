//! Checking the other end of a link.
//!
//! Time needs care at a station: a PC with an empty battery wakes in 1970, and no sale may wait for that. A
//! device that has not agreed on the time with head office knows only that it is not before its own certificate was
//! issued; with that, it refuses what certainly ended and takes the rest. Head office trusts its clock.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use crate::certificate::{Certified, Standing, Window, subject, window};
use crate::code::EnrolmentCode;
use crate::subject::{HEAD_OFFICE, Kind, agent_name};

/// What is known of the time now, milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownTime {
    /// This is it.
    Now(i64),
    /// Not before this; the clock is not to be trusted.
    AtLeast(i64),
}

/// Asked at every handshake.
pub type TimeSource = Arc<dyn Fn() -> KnownTime + Send + Sync>;

/// Certificates of the two authorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// Signs head office and agents.
    pub head_office: CertificateDer<'static>,
    /// Signs the stations' authorities.
    pub stations: CertificateDer<'static>,
}

/// A certificate of an authority cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("an authority's certificate cannot be used: {0}")]
pub struct BadRoot(String);

/// How a chain with this window stands; `None` when it does not hold any more, or not yet.
#[must_use]
pub const fn standing(window: Window, now: KnownTime, grace_ms: i64) -> Option<Standing> {
    let earliest_ms = match now {
        KnownTime::Now(ms) | KnownTime::AtLeast(ms) => ms,
    };
    // Parts that never hold at the same time: whoever connects may send such a chain.
    if window.from_ms > window.until_ms {
        return None;
    }
    if matches!(now, KnownTime::Now(_)) && earliest_ms < window.from_ms {
        return None;
    }
    if earliest_ms <= window.until_ms {
        Some(Standing::Valid)
    } else if earliest_ms <= window.until_ms.saturating_add(grace_ms) {
        Some(Standing::Lapsed)
    } else {
        None
    }
}

/// The time at which signatures and windows of a chain are checked, so that the library's verdict is [`standing`]'s.
fn instant(window: Window, now: KnownTime, grace_ms: i64) -> UnixTime {
    let ms = match (standing(window, now, grace_ms), now) {
        // Inside the window, or at its end.
        (Some(_), KnownTime::Now(ms) | KnownTime::AtLeast(ms)) => ms.clamp(window.from_ms, window.until_ms),
        // Outside: the library says so, as no time fits a window that ends before it begins.
        (None, KnownTime::Now(ms) | KnownTime::AtLeast(ms)) => ms,
    };
    let since = std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    UnixTime::since_unix_epoch(since)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn store(root: &CertificateDer<'static>) -> Result<Arc<RootCertStore>, BadRoot> {
    let mut store = RootCertStore::empty();
    store.add(root.clone()).map_err(|why| BadRoot(why.to_string()))?;
    Ok(Arc::new(store))
}

fn refused(why: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}

fn whole_chain<'a>(first: &CertificateDer<'a>, rest: &[CertificateDer<'a>]) -> Vec<CertificateDer<'a>> {
    std::iter::once(first.clone()).chain(rest.iter().cloned()).collect()
}

/// Checks who connects: an agent against the head office authority, tills and back offices against the stations'.
#[derive(Clone)]
pub struct PeerVerifier {
    agents: Arc<dyn ClientCertVerifier>,
    stations: Arc<dyn ClientCertVerifier>,
    time: TimeSource,
    grace_ms: i64,
}

impl std::fmt::Debug for PeerVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerVerifier").field("grace_ms", &self.grace_ms).finish_non_exhaustive()
    }
}

impl PeerVerifier {
    /// Against these authorities; what ended less than `grace_ms` ago may still renew.
    ///
    /// # Errors
    /// An authority's certificate cannot be used.
    pub fn new(roots: &Roots, time: TimeSource, grace_ms: i64) -> Result<Self, BadRoot> {
        let verifier = |root| -> Result<Arc<dyn ClientCertVerifier>, BadRoot> {
            let built = WebPkiClientVerifier::builder_with_provider(store(root)?, provider()).build();
            built.map_err(|why| BadRoot(why.to_string()))
        };
        Ok(Self {
            agents: verifier(&roots.head_office)?,
            stations: verifier(&roots.stations)?,
            time,
            grace_ms,
        })
    }

    /// Who showed this chain, which the handshake checked, and whether it still holds now. `None` when it does not.
    #[must_use]
    pub fn peer(&self, chain: &[CertificateDer<'_>]) -> Option<(Certified, Standing)> {
        let certified = Certified::read(chain).ok()?;
        let standing = self.standing_of(&certified)?;
        Some((certified, standing))
    }

    /// Whether a certificate that was shown before still holds now.
    #[must_use]
    pub fn standing_of(&self, certified: &Certified) -> Option<Standing> {
        standing(certified.window, (self.time)(), self.grace_ms)
    }
}

impl ClientCertVerifier for PeerVerifier {
    /// Who has no certificate yet may connect to enrol; every other path asks for one.
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let holder = subject(end_entity).map_err(refused)?;
        let window = window(&whole_chain(end_entity, intermediates)).map_err(refused)?;
        let at = instant(window, (self.time)(), self.grace_ms);
        let verifier = match holder.kind {
            Kind::Agent => &self.agents,
            Kind::Till(_) | Kind::Office => &self.stations,
        };
        verifier.verify_client_cert(end_entity, intermediates, at)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.agents.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.agents.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.agents.supported_verify_schemes()
    }
}

/// Which authority a server is checked against.
#[derive(Debug)]
enum Anchor {
    /// A known one.
    Known(Arc<WebPkiServerVerifier>, CertificateDer<'static>),
    /// The one in the server's own chain that a code carries the fingerprint of.
    Fits(EnrolmentCode),
}

/// Which server it has to be.
#[derive(Debug, Clone)]
enum Expected {
    Name(ServerName<'static>),
    /// The agent of the station that it says it is of: a till that enrols does not know its station yet.
    AnyAgent,
}

/// Checks the server that a device connects to: one name, whatever address it was found under.
pub struct ServerCheck {
    anchor: Anchor,
    expected: Expected,
    time: TimeSource,
}

impl std::fmt::Debug for ServerCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerCheck").field("expected", &self.expected).finish_non_exhaustive()
    }
}

/// The server is not of the authority that the code was made for.
#[derive(Debug, thiserror::Error)]
#[error("the server does not belong to the authority that this enrolment code was made for")]
pub struct WrongAuthority;

impl ServerCheck {
    /// A server of a known authority that proves `name`.
    ///
    /// # Errors
    /// The certificate or the name cannot be used.
    pub fn known(root: &CertificateDer<'static>, name: &str, time: TimeSource) -> Result<Self, BadRoot> {
        let anchor = Anchor::Known(server_verifier(root)?, root.clone());
        Ok(Self { anchor, expected: Expected::Name(server_name(name)?), time })
    }

    /// Head office, of the authority that an enrolment code was made for. The code lives fifteen minutes, so no
    /// clock is asked.
    ///
    /// # Errors
    /// Never: the name is a constant.
    pub fn head_office_fitting(code: EnrolmentCode) -> Result<Self, BadRoot> {
        Ok(Self { expected: Expected::Name(server_name(HEAD_OFFICE)?), ..Self::agent_fitting(code) })
    }

    /// Any station's agent of the authority that an enrolment code was made for.
    #[must_use]
    pub fn agent_fitting(code: EnrolmentCode) -> Self {
        let time: TimeSource = Arc::new(|| KnownTime::AtLeast(0));
        Self { anchor: Anchor::Fits(code), expected: Expected::AnyAgent, time }
    }

    fn name_of(&self, end_entity: &CertificateDer<'_>) -> Result<ServerName<'static>, Error> {
        match &self.expected {
            Expected::Name(name) => Ok(name.clone()),
            Expected::AnyAgent => {
                let holder = subject(end_entity).map_err(refused)?;
                let name = agent_name(&holder.station).map_err(refused)?;
                server_name(&name).map_err(refused)
            }
        }
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, BadRoot> {
    ServerName::try_from(name.to_owned()).map_err(|why| BadRoot(why.to_string()))
}

fn server_verifier(root: &CertificateDer<'static>) -> Result<Arc<WebPkiServerVerifier>, BadRoot> {
    let built = WebPkiServerVerifier::builder_with_provider(store(root)?, provider()).build();
    built.map_err(|why| BadRoot(why.to_string()))
}

impl ServerCertVerifier for ServerCheck {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let expected = self.name_of(end_entity)?;
        let name = expected.to_str();
        let (verifier, root) = match &self.anchor {
            Anchor::Known(verifier, root) => (Arc::clone(verifier), root.clone()),
            Anchor::Fits(code) => {
                let root = intermediates
                    .iter()
                    .find(|each| code.fits(each, &name))
                    .ok_or_else(|| refused(WrongAuthority))?;
                let root = root.clone().into_owned();
                (server_verifier(&root).map_err(refused)?, root)
            }
        };
        let others: Vec<_> = intermediates.iter().filter(|each| **each != root).cloned().collect();
        let window = window(&whole_chain(end_entity, &others)).map_err(refused)?;
        let at = instant(window, (self.time)(), 0);
        verifier.verify_server_cert(end_entity, &others, &expected, ocsp, at)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let provider = provider();
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { from_ms: 1_000, until_ms: 2_000 };

    #[test]
    fn a_trusted_clock_is_taken_at_its_word() {
        for (now_ms, expected) in [
            (999, None),
            (1_000, Some(Standing::Valid)),
            (2_000, Some(Standing::Valid)),
            (2_001, Some(Standing::Lapsed)),
            (2_500, Some(Standing::Lapsed)),
            (2_501, None),
        ] {
            assert_eq!(standing(WINDOW, KnownTime::Now(now_ms), 500), expected, "{now_ms}");
        }
    }

    #[test]
    fn a_window_that_ends_before_it_begins_never_holds() {
        let never = Window { from_ms: 2_000, until_ms: 1_000 };
        for now in [KnownTime::Now(1_500), KnownTime::Now(2_000), KnownTime::AtLeast(0)] {
            assert_eq!(standing(never, now, i64::MAX), None, "{now:?}");
            let _no_panic = instant(never, now, i64::MAX);
        }
    }

    #[test]
    fn a_clock_in_doubt_refuses_only_what_certainly_ended() {
        assert_eq!(standing(WINDOW, KnownTime::AtLeast(0), 0), Some(Standing::Valid));
        assert_eq!(standing(WINDOW, KnownTime::AtLeast(2_001), 0), None);
    }
}
