//! Who connects.

use rcgen::{CertificateParams, Issuer, KeyPair, SanType};
use sync_identity::certificate::Standing;
use sync_identity::subject::HEAD_OFFICE;
use sync_identity::verify::{KnownTime, PeerVerifier};
use sync_identity::{Authority, CertificateRequest, Identity, Kind, Validity, authority, tls};
use sync_proto::DeviceId;

use crate::handshake::{
    DAY_MS, GRACE_MS, NOW_MS, TILL, at, connect, credentials, head_office_server, now, signed, stand_in,
    station, subject,
};

fn holds() -> Validity {
    Validity::of(NOW_MS, 90 * DAY_MS)
}

fn refused(outcome: Result<(sync_identity::Certified, Standing), String>, by: &str) {
    let why = outcome.expect_err("it was accepted");
    assert!(why.contains(by), "{why}");
}

#[test]
fn an_agent_is_who_its_certificate_says() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let (who, standing) = connect(&of, agent.credentials().unwrap(), now()).unwrap();
    assert_eq!((who.subject.station.as_str(), who.subject.kind), ("ST0001", Kind::Agent));
    assert_eq!((who.subject.device, who.signed_by, standing), (DeviceId([7; 16]), None, Standing::Valid));
}

#[test]
fn a_till_is_vouched_for_by_the_authority_of_its_station() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    for kind in [TILL, Kind::Office] {
        let device = of.of_station(&agent, kind, DeviceId([8; 16])).unwrap();
        let (who, _) = connect(&of, device.credentials().unwrap(), now()).unwrap();
        assert_eq!((who.subject.kind, who.subject.device), (kind, DeviceId([8; 16])));
        assert_eq!(who.signed_by, Some(agent.certified().subject.clone()));
    }
}

#[test]
fn a_certificate_that_signed_nothing_lends_nobody_its_name() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let authority = agent.authority().unwrap().unwrap();
    let (key, own) = signed(&authority, &subject("ST0001", TILL), holds());
    // A later generation of the same agent, which head office never made, between the till and its real authority.
    let junk_key = KeyPair::generate().unwrap();
    let mut junk = CertificateParams::default();
    let later = sync_identity::Subject { generation: 4_000_000_000, ..agent.certified().subject.clone() };
    junk.distinguished_name.push(rcgen::DnType::CommonName, later.name().unwrap());
    let junk = junk.self_signed(&junk_key).unwrap().der().clone();
    let real = authority.certificate();
    for chain in [&[&own, &junk, real][..], &[&own, real, &junk], &[&own, &junk]] {
        assert!(connect(&of, credentials(&key, chain), now()).is_err());
    }
    let (who, _) = connect(&of, credentials(&key, &[&own, real]), now()).unwrap();
    assert_eq!(who.signed_by, Some(agent.certified().subject.clone()));
}

#[test]
fn what_nobody_or_somebody_else_signed_is_refused() {
    let (of, other) = (stand_in(), stand_in());
    let stranger = other.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    refused(connect(&of, stranger.credentials().unwrap(), now()), "server: invalid peer certificate");
    let till = other.of_station(&stranger, TILL, DeviceId([8; 16])).unwrap();
    refused(connect(&of, till.credentials().unwrap(), now()), "server: invalid peer certificate");
    for kind in [Kind::Agent, TILL] {
        let key = KeyPair::generate().unwrap();
        let mut own = CertificateParams::default();
        let name = subject("ST0001", kind).name().unwrap();
        own.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
        let own = own.self_signed(&key).unwrap().der().clone();
        let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
        let authority = agent.authority().unwrap().unwrap().certificate().clone();
        refused(connect(&of, credentials(&key.serialize_pem(), &[&own, &authority]), now()), "server: ");
    }
}

#[test]
fn a_stations_authority_never_makes_an_agent() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let false_agent = of.of(&agent, &subject("ST0001", Kind::Agent)).unwrap();
    refused(connect(&of, false_agent.credentials().unwrap(), now()), "UnknownIssuer");
    // Nor does an agent's own certificate sign anything.
    let (key, own) = signed(&of.head_office, &subject("ST0001", Kind::Agent), holds());
    let agent_as_issuer = Issuer::from_ca_cert_der(&own, KeyPair::from_pem(&key).unwrap()).unwrap();
    for kind in [Kind::Agent, TILL] {
        let made_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        let name = subject("ST0001", kind).name().unwrap();
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
        let made = params.signed_by(&made_key, &agent_as_issuer).unwrap().der().clone();
        let chain = [&made, &own, of.head_office.certificate()];
        refused(connect(&of, credentials(&made_key.serialize_pem(), &chain), now()), "server: ");
    }
}

#[test]
fn a_stations_authority_makes_no_till_of_another_station() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    for code in ["ST0002", "st0001", "ST00011"] {
        let foreign = of.of(&agent, &subject(code, TILL)).unwrap();
        refused(connect(&of, foreign.credentials().unwrap(), now()), "NameConstraintViolation");
    }
}

#[test]
fn a_stations_authority_makes_no_other_authority() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let first = agent.authority().unwrap().unwrap();
    let (key, request) = authority::new_key().unwrap();
    let request = CertificateRequest::read(&request).unwrap();
    let other = subject("ST0001", Kind::Agent);
    let second = first.issue_station_authority(&request, &other, holds()).unwrap();
    let second = Authority::read(&key, &authority::pem(&second)).unwrap();
    let (key, till) = signed(&second, &subject("ST0001", TILL), holds());
    let chain = [&till, second.certificate(), first.certificate()];
    refused(connect(&of, credentials(&key, &chain), now()), "PathLenConstraintViolated");
}

#[test]
fn a_till_that_leaves_out_its_stations_authority_is_refused() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let (key, till) = signed(&agent.authority().unwrap().unwrap(), &subject("ST0001", TILL), holds());
    refused(connect(&of, credentials(&key, &[&till]), now()), "UnknownIssuer");
    let (key, till) = signed(&of.stations, &subject("ST0001", TILL), holds());
    refused(connect(&of, credentials(&key, &[&till]), now()), "does not hold");
}

#[test]
fn a_certificate_with_two_names_is_nobody() {
    let of = stand_in();
    let key = KeyPair::generate().unwrap();
    let signer = KeyPair::from_pem(&of.head_office.key_pem()).unwrap();
    let signer = Issuer::from_ca_cert_der(of.head_office.certificate(), signer).unwrap();
    for codes in [&[][..], &["ST0001", "ST0002"]] {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::DnsName(HEAD_OFFICE.try_into().unwrap())];
        for code in codes {
            let name = subject(code, Kind::Agent).name().unwrap();
            params.subject_alt_names.push(SanType::DnsName(name.try_into().unwrap()));
        }
        let made = params.signed_by(&key, &signer).unwrap().der().clone();
        refused(connect(&of, credentials(&key.serialize_pem(), &[&made]), now()), "Nameless");
    }
}

/// An agent's certificate from `from_days` to `until_days` from today, met at `time`.
fn aged(from_days: i64, until_days: i64, time: KnownTime) -> Result<Standing, String> {
    let of = stand_in();
    let validity = Validity { from_ms: NOW_MS + from_days * DAY_MS, until_ms: NOW_MS + until_days * DAY_MS };
    let (key, own) = signed(&of.head_office, &subject("ST0001", Kind::Agent), validity);
    connect(&of, credentials(&key, &[&own]), at(time)).map(|(_, standing)| standing)
}

#[test]
fn what_ended_may_renew_within_the_grace_and_nothing_after_it() {
    let now = KnownTime::Now(NOW_MS);
    assert_eq!(aged(-10, 80, now), Ok(Standing::Valid));
    assert_eq!(aged(-91, -1, now), Ok(Standing::Lapsed));
    assert_eq!(aged(-300, -179, now), Ok(Standing::Lapsed));
    assert!(aged(-300, -181, now).unwrap_err().contains("expired"));
    assert!(aged(1, 90, now).unwrap_err().contains("not valid yet"));
}

#[test]
fn a_clock_in_1970_keeps_nobody_out_and_one_in_2099_keeps_out_what_certainly_ended() {
    let year_2099_ms = 4_070_908_800_000;
    assert_eq!(aged(-10, 80, KnownTime::AtLeast(0)), Ok(Standing::Valid));
    assert_eq!(aged(1, 90, KnownTime::AtLeast(NOW_MS)), Ok(Standing::Valid));
    assert!(aged(-10, 80, KnownTime::AtLeast(year_2099_ms)).is_err());
    assert!(aged(-10, 80, KnownTime::Now(0)).is_err());
    assert!(aged(-10, 80, KnownTime::Now(year_2099_ms)).is_err());
}

#[test]
fn a_chain_whose_parts_never_hold_together_is_refused() {
    let of = stand_in();
    let (key, own) = signed(&of.head_office, &subject("ST0001", Kind::Agent), holds());
    let ended = Validity { from_ms: NOW_MS - 90 * DAY_MS, until_ms: NOW_MS - 10 * DAY_MS };
    let (_, other) = signed(&of.head_office, &subject("ST0002", Kind::Agent), ended);
    for time in [KnownTime::Now(NOW_MS), KnownTime::AtLeast(0), KnownTime::AtLeast(NOW_MS)] {
        assert!(connect(&of, credentials(&key, &[&own, &other]), at(time)).is_err(), "{time:?}");
    }
}

/// A hello as TLS 1.2 has it: no `supported_versions` in it.
fn hello_of_tls_1_2() -> Vec<u8> {
    let extensions: [&[u8]; 4] = [
        &[0, 10, 0, 4, 0, 2, 0, 23], // supported_groups: P-256
        &[0, 11, 0, 2, 1, 0],        // ec_point_formats
        &[0, 13, 0, 4, 0, 2, 4, 3],  // signature_algorithms: ecdsa_secp256r1_sha256
        &[0, 23, 0, 0],              // extended_master_secret
    ];
    let extensions = extensions.concat();
    let len = |bytes: usize| u8::try_from(bytes).unwrap();
    // No session, one suite, no compression.
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0, 0, len(extensions.len())], &extensions];
    let body = body.concat();
    [&[0x16, 3, 1, 0, len(body.len() + 4), 1, 0, 0, len(body.len())][..], &body].concat()
}

#[test]
fn a_client_of_tls_1_2_is_refused() {
    let of = stand_in();
    let verifier = PeerVerifier::new(&of.roots(), now(), GRACE_MS).unwrap();
    let config = tls::server(head_office_server(&of), verifier).unwrap();
    let mut server = rustls::ServerConnection::new(std::sync::Arc::new(config)).unwrap();
    server.read_tls(&mut hello_of_tls_1_2().as_slice()).unwrap();
    let why = server.process_new_packets().unwrap_err();
    assert!(matches!(why, rustls::Error::PeerIncompatible(_)), "{why:?}");
    let mut alert = Vec::new();
    server.write_tls(&mut alert).unwrap();
    // A fatal alert: protocol_version (70) or handshake_failure (40).
    assert_eq!(alert.first(), Some(&0x15), "{alert:?}");
    assert!(matches!(alert.last(), Some(70 | 40)), "{alert:?}");
}

#[test]
fn identities_read_from_disk_show_the_same() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.json");
    agent.write(&path).unwrap();
    let read = Identity::read(&path).unwrap();
    assert!(connect(&of, read.credentials().unwrap(), now()).is_ok());
}
