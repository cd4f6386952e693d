//! A TLS handshake in memory, and the parties to it.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use sync_identity::certificate::{Certified, Standing};
use sync_identity::standin::StandIn;
use sync_identity::subject::Subject;
use sync_identity::verify::{KnownTime, PeerVerifier, ServerCheck, TimeSource};
use sync_identity::{Authority, CertificateRequest, Credentials, Kind, Validity, authority, tls};
use sync_proto::{DeviceId, StationCode, TerminalNo};

pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// 2026-11-24.
pub const NOW_MS: i64 = 1_795_478_400_000;
pub const GRACE_MS: i64 = 180 * DAY_MS;

pub fn at(known: KnownTime) -> TimeSource {
    Arc::new(move || known)
}

pub fn now() -> TimeSource {
    at(KnownTime::Now(NOW_MS))
}

pub fn station(code: &str) -> StationCode {
    StationCode::new(code).unwrap()
}

pub fn stand_in() -> StandIn {
    StandIn::make(Validity::of(NOW_MS - 1_000 * DAY_MS, 7_300 * DAY_MS)).unwrap()
}

pub fn subject(code: &str, kind: Kind) -> Subject {
    Subject { station: station(code), device: DeviceId([9; 16]), kind, generation: 1 }
}

pub const TILL: Kind = Kind::Till(TerminalNo(1));

/// A key and a certificate for whoever is named, signed by `authority`, whether or not it may.
pub fn signed(
    authority: &Authority,
    subject: &Subject,
    validity: Validity,
) -> (String, CertificateDer<'static>) {
    let (key, request) = authority::new_key().unwrap();
    let request = CertificateRequest::read(&request).unwrap();
    (key, authority.issue(&request, subject, validity).unwrap())
}

pub fn credentials(key: &str, chain: &[&CertificateDer<'static>]) -> Arc<Credentials> {
    Arc::new(Credentials::new(key, chain.iter().copied().cloned().collect()).unwrap())
}

/// What head office shows.
pub fn head_office_server(of: &StandIn) -> Arc<Credentials> {
    let (key, request) = authority::new_key().unwrap();
    let request = CertificateRequest::read(&request).unwrap();
    let own = of.head_office.issue_server(&request, Validity::of(NOW_MS, 90 * DAY_MS)).unwrap();
    credentials(&key, &[&own, of.head_office.certificate()])
}

/// Both ends talk until they are done, or one refuses.
fn shake(client: ClientConfig, server: ServerConfig) -> Result<ServerConnection, String> {
    let anyone = ServerName::try_from("127.0.0.1").unwrap();
    let mut client = ClientConnection::new(Arc::new(client), anyone).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() || client.wants_write() || server.wants_write() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets().map_err(|why| format!("server: {why}"))?;
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets().map_err(|why| format!("client: {why}"))?;
    }
    Ok(server)
}

/// Who the product's verifier says has connected, with these credentials, at this time.
pub fn connect(
    of: &StandIn,
    shown: Arc<Credentials>,
    time: TimeSource,
) -> Result<(Certified, Standing), String> {
    let verifier = PeerVerifier::new(&of.roots(), time, GRACE_MS).unwrap();
    let server = tls::server(head_office_server(of), verifier.clone()).unwrap();
    let root = of.head_office.certificate();
    let check = ServerCheck::known(root, sync_identity::subject::HEAD_OFFICE, now()).unwrap();
    let done = shake(tls::client(Some(shown), check).unwrap(), server)?;
    let chain = done.peer_certificates().ok_or("no certificate was shown")?;
    verifier.peer(chain).ok_or_else(|| "the chain does not hold".to_owned())
}

/// Whether a client that checks with `check` goes on with a server that shows `shown`.
pub fn meet(of: &StandIn, shown: Arc<Credentials>, check: ServerCheck) -> Result<(), String> {
    let verifier = PeerVerifier::new(&of.roots(), now(), GRACE_MS).unwrap();
    shake(tls::client(None, check).unwrap(), tls::server(shown, verifier).unwrap()).map(|_| ())
}
