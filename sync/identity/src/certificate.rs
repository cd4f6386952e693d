//! Reading certificates: who holds one, from when to when.

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use crate::authority::BACKDATED_MS;
use crate::subject::{Kind, Subject};

/// Whether a certificate still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It holds.
    Valid,
    /// It has ended, but not long ago: its holder may renew it, and nothing else.
    Lapsed,
}

/// What a checked chain of certificates says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// Who holds it.
    pub subject: Subject,
    /// The agent whose authority signed it, for what a station enrolled.
    pub signed_by: Option<Subject>,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// From when to when all of the chain holds.
    pub window: Window,
    /// When it was issued, by the issuer's clock: it is certainly not earlier now.
    pub issued_at_ms: i64,
}

/// From when to when, milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Not before.
    pub from_ms: i64,
    /// Not after.
    pub until_ms: i64,
}

/// Not a certificate of a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADevice {
    /// It does not parse.
    #[error("a certificate does not read: {0}")]
    Malformed(String),
    /// It has no name of a device, or two.
    #[error("the certificate names no device")]
    Nameless,
    /// What a station enrolled must come with the station's authority.
    #[error("the certificate comes without the authority that signed it")]
    NoAuthority,
}

impl Certified {
    /// Reads a chain, the holder's certificate first. It does not check signatures: see [`crate::verify`].
    ///
    /// # Errors
    /// See [`NotADevice`].
    pub fn read(chain: &[CertificateDer<'_>]) -> Result<Self, NotADevice> {
        let (first, rest) = chain.split_first().ok_or(NotADevice::Nameless)?;
        let own = parse(first)?;
        let subject = subject_of(&own)?;
        let signed_by = match subject.kind {
            Kind::Agent => None,
            Kind::Till(_) | Kind::Office => Some(authority_of(&own, rest)?),
        };
        let serial = own.tbs_certificate.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect();
        let own_window = window(std::slice::from_ref(first))?;
        let issued_at_ms = own_window.from_ms.saturating_add(BACKDATED_MS);
        Ok(Self { subject, signed_by, serial, window: window(chain)?, issued_at_ms })
    }

    /// Half of its life is over then: time for the next one.
    #[must_use]
    pub const fn half_life_ms(&self) -> i64 {
        self.issued_at_ms.saturating_add(self.window.until_ms.saturating_sub(self.issued_at_ms) / 2)
    }
}

/// Who holds a certificate, by its name.
///
/// # Errors
/// See [`NotADevice`].
pub fn subject(certificate: &CertificateDer<'_>) -> Result<Subject, NotADevice> {
    subject_of(&parse(certificate)?)
}

/// From when to when a whole chain holds; a root at its end does not count.
///
/// # Errors
/// [`NotADevice::Malformed`].
pub fn window(chain: &[CertificateDer<'_>]) -> Result<Window, NotADevice> {
    let mut whole = Window { from_ms: i64::MIN, until_ms: i64::MAX };
    for (place, certificate) in chain.iter().enumerate() {
        let parsed = parse(certificate)?;
        if place > 0 && parsed.subject().as_raw() == parsed.issuer().as_raw() {
            continue;
        }
        let validity = parsed.validity();
        let ms = |time: x509_parser::time::ASN1Time| time.timestamp().saturating_mul(1_000);
        whole.from_ms = whole.from_ms.max(ms(validity.not_before));
        whole.until_ms = whole.until_ms.min(ms(validity.not_after));
    }
    Ok(whole)
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, NotADevice> {
    let parsed = x509_parser::parse_x509_certificate(certificate.as_ref());
    Ok(parsed.map_err(|why| NotADevice::Malformed(why.to_string()))?.1)
}

fn subject_of(certificate: &X509Certificate<'_>) -> Result<Subject, NotADevice> {
    let names =
        certificate.subject_alternative_name().map_err(|why| NotADevice::Malformed(why.to_string()))?;
    let names = names.map(|extension| &extension.value.general_names).ok_or(NotADevice::Nameless)?;
    let mut found = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Subject::parse(name),
        _ => None,
    });
    match (found.next(), found.next()) {
        (Some(subject), None) => Ok(subject),
        _ => Err(NotADevice::Nameless),
    }
}

/// The name of the one authority that is shown behind a station's device. A checked chain may hold certificates that
/// had no part in the check; whose name counts has to be the signer's.
fn authority_of(own: &X509Certificate<'_>, rest: &[CertificateDer<'_>]) -> Result<Subject, NotADevice> {
    let [authority] = rest else { return Err(NotADevice::NoAuthority) };
    let authority = parse(authority)?;
    if authority.subject().as_raw() != own.issuer().as_raw() {
        return Err(NotADevice::NoAuthority);
    }
    let name = authority.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    name.and_then(Subject::parse).filter(|agent| agent.kind == Kind::Agent).ok_or(NotADevice::NoAuthority)
}
