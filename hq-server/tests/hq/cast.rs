//! Every kind of certificate that could turn up at head office.

use std::sync::Arc;

use hq_server::authorities::Authorities;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use sync::Clock;
use sync_identity::standin::StandIn;
use sync_identity::{
    Authority, CertificateRequest, Credentials, Identity, Kind, Subject, Validity, authority,
};
use sync_proto::{DeviceId, StationCode, TerminalNo};

use crate::support::{Office, tls_of, tls_with};

pub const HOUR_MS: i64 = 3_600_000;

/// Whoever connects.
#[derive(Clone)]
pub struct Party {
    pub name: &'static str,
    /// The device that the certificate names.
    pub client_id: String,
    pub tls: Arc<ClientConfig>,
}

pub const TILL: Kind = Kind::Till(TerminalNo(1));

/// Somebody's key and certificate, with what is between it and a root.
pub fn signed(
    authority: &Authority,
    subject: &Subject,
    validity: Validity,
    between: &[&CertificateDer<'static>],
) -> Arc<Credentials> {
    let (key, request) = authority::new_key().unwrap();
    let request = CertificateRequest::read(&request).unwrap();
    let mut chain = vec![authority.issue(&request, subject, validity).unwrap()];
    chain.extend(between.iter().copied().cloned());
    Arc::new(Credentials::new(&key, chain).unwrap())
}

pub fn subject(station: &str, device: u8, kind: Kind) -> Subject {
    let station = StationCode::new(station).unwrap();
    Subject { station, device: DeviceId([device; 16]), kind, generation: 1 }
}

/// What the authority of `agent` signs, whether or not it may.
pub fn of_station(agent: &Identity, subject: &Subject) -> Arc<Credentials> {
    let signer = agent.authority().unwrap().unwrap();
    let validity = Validity::of(Clock::system().wall_ms(), HOUR_MS);
    signed(&signer, subject, validity, &[signer.certificate()])
}

/// A certificate of an enrolled agent that head office signed, and that ended an hour ago.
pub fn lapsed(office: &Office, subject: &Subject) -> Arc<Credentials> {
    let now_ms = Clock::system().wall_ms();
    let authorities = Authorities::open(&office.config.ca_dir(), now_ms).unwrap();
    let ended = Validity { from_ms: now_ms - 90 * 24 * HOUR_MS, until_ms: now_ms - HOUR_MS };
    signed(&authorities.head_office, subject, ended, &[])
}

/// All of them; the first agent is `first`, of ST0001.
pub async fn cast(office: &Office, first: &Identity) -> Vec<Party> {
    let second = office.enrol("ST0002").await;
    let revoked = office.enrol("ST0001").await;
    office.revoke(revoked.certified().subject.device).await;
    let superseded = office.enrol("ST0001").await;
    office.enrol_as("ST0001", Some(superseded.certified().subject.device)).await;
    let now_ms = Clock::system().wall_ms();
    let other = StandIn::make(Validity::of(now_ms, HOUR_MS)).unwrap();
    let of_first = &first.certified().subject;
    let stranger = other.agent(&of_first.station, of_first.device).unwrap();
    let party = |name, subject: &Subject, shown: Option<Arc<Credentials>>| Party {
        name,
        client_id: subject.device.to_hex(),
        tls: Arc::new(tls_with(shown, first)),
    };
    let enrolled = |name, identity: &Identity| Party {
        name,
        client_id: identity.certified().subject.device.to_hex(),
        tls: Arc::new(tls_of(identity)),
    };
    let by_station = |name, subject: &Subject| party(name, subject, Some(of_station(first, subject)));
    vec![
        party("none", of_first, None),
        enrolled("agent ST0001", first),
        enrolled("agent ST0002", &second),
        by_station("till of ST0001", &subject("ST0001", 21, TILL)),
        by_station("back office of ST0001", &subject("ST0001", 22, Kind::Office)),
        enrolled("revoked agent", &revoked),
        enrolled("superseded agent", &superseded),
        party("other authority", of_first, Some(stranger.credentials().unwrap())),
        party("lapsed agent", of_first, Some(lapsed(office, of_first))),
        by_station("agent signed by a station", of_first),
        by_station("till of ST0002 signed by ST0001", &subject("ST0002", 23, TILL)),
    ]
}
