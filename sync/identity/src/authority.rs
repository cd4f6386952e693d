//! Making authorities, and issuing certificates with them.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, NameConstraints, PublicKey, RevokedCertParams, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::OffsetDateTime;

use crate::certificate::{self, Window};
use crate::subject::{self, CodeTooLong, HEAD_OFFICE, Kind, Subject};

/// Longest certificate request (PEM) that is read; ours has five hundred bytes.
pub const REQUEST_LEN_MAX: usize = 4 * 1024;

/// A certificate holds from this much before it is issued: clocks differ.
pub(crate) const BACKDATED_MS: i64 = 5 * 60 * 1000;

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The request is not one, or its signature does not prove the key.
    #[error("the certificate request cannot be used: {0}")]
    Request(String),
    /// The station's code does not fit a name.
    #[error(transparent)]
    Name(#[from] CodeTooLong),
    /// A key or certificate of the authority cannot be used.
    #[error("the authority cannot be used: {0}")]
    Authority(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// A time outside of the calendar.
    #[error("{0} ms is no time that a certificate can hold")]
    Time(i64),
}

impl From<rcgen::Error> for IssueError {
    fn from(why: rcgen::Error) -> Self {
        Self::Authority(why.to_string())
    }
}

/// From when to when a certificate holds, milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// When it is issued.
    pub from_ms: i64,
    /// When it ends.
    pub until_ms: i64,
}

impl Validity {
    /// For `lifetime_ms` from `now_ms` on.
    #[must_use]
    pub const fn of(now_ms: i64, lifetime_ms: i64) -> Self {
        Self { from_ms: now_ms, until_ms: now_ms.saturating_add(lifetime_ms) }
    }

    /// For what an authority with this window issues at `now_ms`. Unless that was `agreed` with head office, the clock
    /// may be wrong by decades: only that it is later than the authority was made is certain, so that it holds from
    /// there. It never holds longer than the authority.
    #[must_use]
    pub fn within(authority: Window, now_ms: i64, agreed: bool, lifetime_ms: i64) -> Self {
        let now_ms = now_ms.min(authority.until_ms).max(authority.from_ms);
        let from_ms = if agreed { now_ms } else { authority.from_ms };
        Self { from_ms, until_ms: now_ms.saturating_add(lifetime_ms).min(authority.until_ms) }
    }
}

/// The two authorities of head office.
#[derive(Debug)]
pub enum Rank {
    /// Signs head office's servers and agents; nothing below it signs.
    HeadOffice,
    /// Signs one intermediate for each station.
    Stations,
}

/// A key that signs certificates, with its own certificate.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(…)")
    }
}

impl Authority {
    /// Makes a new self-signed authority.
    ///
    /// # Errors
    /// No randomness, or a time outside the calendar.
    pub fn make(rank: &Rank, validity: Validity) -> Result<Self, IssueError> {
        let (name, depth) = match rank {
            Rank::HeadOffice => ("Juyu head office authority", 0),
            Rank::Stations => ("Juyu stations authority", 1),
        };
        let mut params = blank(name, validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(depth));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.der().clone();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// From its key and certificate, both PEM.
    ///
    /// # Errors
    /// One of the two is not what it should be, or they do not belong together.
    pub fn read(key_pem: &str, certificate_pem: &str) -> Result<Self, IssueError> {
        let refused = |why: String| IssueError::Authority(why);
        let key =
            KeyPair::from_pem(key_pem).map_err(|why| refused(format!("its key does not read: {why}")))?;
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|why| refused(format!("its certificate does not read: {why}")))?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate)
            .map_err(|why| refused(format!("its certificate does not read: {why}")))?;
        if !parsed.is_ca() {
            return Err(refused("its certificate may not sign others".to_owned()));
        }
        if parsed.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
            return Err(refused("its key and its certificate do not belong together".to_owned()));
        }
        let certificate = certificate.into_owned();
        Ok(Self { issuer: Issuer::from_ca_cert_der(&certificate, key)?, certificate })
    }

    /// Its certificate.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// From when to when it holds.
    ///
    /// # Errors
    /// Its certificate does not read; never after [`Self::make`] or [`Self::read`].
    pub fn window(&self) -> Result<Window, IssueError> {
        let own = std::slice::from_ref(&self.certificate);
        certificate::window(own).map_err(|why| IssueError::Authority(why.to_string()))
    }

    /// Its private key, PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A device's certificate.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub fn issue(
        &self,
        request: &CertificateRequest,
        subject: &Subject,
        validity: Validity,
    ) -> Result<CertificateDer<'static>, IssueError> {
        let mut params = blank(&subject.common_name(), validity)?;
        params.subject_alt_names = vec![dns(&subject.name()?)?];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if subject.kind == Kind::Agent {
            params.subject_alt_names.push(dns(&subject::agent_name(&subject.station)?)?);
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        self.sign(&params, request)
    }

    /// The intermediate of a station, held by the agent that `agent` names.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub fn issue_station_authority(
        &self,
        request: &CertificateRequest,
        agent: &Subject,
        validity: Validity,
    ) -> Result<CertificateDer<'static>, IssueError> {
        // Head office reads from the name whose authority it is, to refuse what a revoked agent signed.
        let mut params = blank(&agent.name()?, validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName(subject::station_domain(&agent.station)?)],
            excluded_subtrees: Vec::new(),
        });
        self.sign(&params, request)
    }

    /// The certificate of one of head office's own servers.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub fn issue_server(
        &self,
        request: &CertificateRequest,
        validity: Validity,
    ) -> Result<CertificateDer<'static>, IssueError> {
        let mut params = blank(HEAD_OFFICE, validity)?;
        params.subject_alt_names = vec![dns(HEAD_OFFICE)?];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // Head office is a client too where its broker is another program. To its own listeners the name is nobody's.
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params, request)
    }

    /// A list of revoked certificates (PEM), for programs that do not know the register of devices. `serials` are
    /// in hexadecimal digits, with the time at which each was revoked.
    ///
    /// # Errors
    /// A serial number or a time is none.
    pub fn revocation_list(
        &self,
        serials: &[(String, i64)],
        validity: Validity,
    ) -> Result<String, IssueError> {
        let revoked_certs = serials.iter().map(|(serial, at_ms)| {
            let bytes = sync_proto::ids::unhex(serial);
            let bytes =
                bytes.ok_or_else(|| IssueError::Authority(format!("{serial} is no serial number")))?;
            Ok(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&bytes),
                revocation_time: instant(*at_ms)?,
                reason_code: None,
                invalidity_date: None,
            })
        });
        let list = CertificateRevocationListParams {
            this_update: instant(validity.from_ms.saturating_sub(BACKDATED_MS))?,
            next_update: instant(validity.until_ms)?,
            // It only has to grow.
            crl_number: SerialNumber::from(u64::try_from(validity.from_ms).unwrap_or(0)),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect::<Result<_, IssueError>>()?,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.pem()?)
    }

    fn sign(
        &self,
        params: &CertificateParams,
        request: &CertificateRequest,
    ) -> Result<CertificateDer<'static>, IssueError> {
        Ok(params.signed_by(&request.public_key, &self.issuer)?.der().clone())
    }
}

/// A request that proved that its sender has the key. Only the key is taken from it: what a certificate says is
/// the issuer's decision.
#[derive(Debug)]
pub struct CertificateRequest {
    public_key: PublicKey,
}

impl CertificateRequest {
    /// Reads a request (PEM) and checks its signature.
    ///
    /// # Errors
    /// [`IssueError::Request`].
    pub fn read(pem: &str) -> Result<Self, IssueError> {
        if pem.len() > REQUEST_LEN_MAX {
            return Err(IssueError::Request(format!("it has {} bytes", pem.len())));
        }
        let read = CertificateSigningRequestParams::from_pem(pem);
        let read = read.map_err(|why| IssueError::Request(why.to_string()))?;
        Ok(Self { public_key: read.public_key })
    }
}

/// A new key and the request for its certificate, both PEM.
///
/// # Errors
/// No randomness.
pub fn new_key() -> Result<(String, String), IssueError> {
    let key = KeyPair::generate()?;
    let request = CertificateParams::default().serialize_request(&key)?.pem()?;
    Ok((key.serialize_pem(), request))
}

fn blank(common_name: &str, validity: Validity) -> Result<CertificateParams, IssueError> {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random)?;
    // A serial number is positive (RFC 5280, section 4.1.2.2).
    random[0] = random[0] & 0x7f | 0x01;
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Juyu");
    name.push(DnType::CommonName, common_name);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(&random));
    params.not_before = instant(validity.from_ms.saturating_sub(BACKDATED_MS))?;
    params.not_after = instant(validity.until_ms)?;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn dns(name: &str) -> Result<SanType, IssueError> {
    Ok(SanType::DnsName(name.to_owned().try_into()?))
}

fn instant(ms: i64) -> Result<OffsetDateTime, IssueError> {
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1_000)).map_err(|_| IssueError::Time(ms))
}

/// A certificate as PEM.
#[must_use]
pub fn pem(certificate: &CertificateDer<'_>) -> String {
    let block = pem::Pem::new("CERTIFICATE", certificate.as_ref());
    pem::encode_config(&block, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF))
}
