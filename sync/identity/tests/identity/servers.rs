//! Which server a device goes on with.

use sync_identity::subject::{HEAD_OFFICE, agent_name};
use sync_identity::verify::{KnownTime, ServerCheck};
use sync_identity::{CertificateRequest, EnrolmentCode, Kind, Validity, authority, code};
use sync_proto::DeviceId;

use crate::handshake::{
    DAY_MS, NOW_MS, TILL, at, credentials, head_office_server, meet, now, signed, stand_in, station, subject,
};

fn code_for(of: &sync_identity::standin::StandIn, issuer: &str) -> EnrolmentCode {
    EnrolmentCode::make([5; 15], code::fingerprint(of.head_office.certificate(), issuer))
}

#[test]
fn head_office_and_agents_prove_their_own_names() {
    let of = stand_in();
    let root = of.head_office.certificate();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let agents_name = agent_name(&station("ST0001")).unwrap();
    let known = |name: &str| ServerCheck::known(root, name, now()).unwrap();
    assert_eq!(meet(&of, head_office_server(&of), known(HEAD_OFFICE)), Ok(()));
    assert_eq!(meet(&of, agent.credentials().unwrap(), known(&agents_name)), Ok(()));
    let foreign = agent_name(&station("ST0002")).unwrap();
    for (shown, name) in [
        (head_office_server(&of), agents_name.as_str()),
        (agent.credentials().unwrap(), HEAD_OFFICE),
        (agent.credentials().unwrap(), &foreign),
    ] {
        let why = meet(&of, shown, known(name)).unwrap_err();
        assert!(why.starts_with("client: invalid peer certificate"), "{why}");
    }
}

#[test]
fn tills_and_whoever_a_station_signs_are_no_servers() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let root = of.head_office.certificate();
    for kind in [TILL, Kind::Office, Kind::Agent] {
        let made = of.of(&agent, &subject("ST0001", kind)).unwrap();
        for name in [HEAD_OFFICE, &agent_name(&station("ST0001")).unwrap()] {
            let check = ServerCheck::known(root, name, now()).unwrap();
            assert!(meet(&of, made.credentials().unwrap(), check).is_err(), "{kind:?} as {name}");
        }
    }
}

#[test]
fn an_enrolment_code_leads_to_its_own_authority_only() {
    let (of, other) = (stand_in(), stand_in());
    let check = || ServerCheck::head_office_fitting(code_for(&of, HEAD_OFFICE)).unwrap();
    assert_eq!(meet(&of, head_office_server(&of), check()), Ok(()));
    let why = meet(&other, head_office_server(&other), check()).unwrap_err();
    assert!(why.contains("WrongAuthority"), "{why}");
    // The right authority's certificate is no secret; standing beside another's it proves nothing.
    let (key, request) = authority::new_key().unwrap();
    let request = CertificateRequest::read(&request).unwrap();
    let own = other.head_office.issue_server(&request, Validity::of(NOW_MS, DAY_MS)).unwrap();
    let borrowed = [&own, of.head_office.certificate(), other.head_office.certificate()];
    let why = meet(&other, credentials(&key, &borrowed), check()).unwrap_err();
    assert!(why.contains("invalid peer certificate"), "{why}");
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    assert!(meet(&of, agent.credentials().unwrap(), check()).is_err(), "an agent is not head office");
}

#[test]
fn a_stations_code_leads_to_an_agent_only() {
    let (of, other) = (stand_in(), stand_in());
    let check = || ServerCheck::agent_fitting(code_for(&of, &agent_name(&station("ST0001")).unwrap()));
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    assert_eq!(meet(&of, agent.credentials().unwrap(), check()), Ok(()));
    assert!(meet(&of, head_office_server(&of), check()).is_err());
    let false_agent = of.of(&agent, &subject("ST0001", Kind::Agent)).unwrap();
    assert!(meet(&of, false_agent.credentials().unwrap(), check()).is_err());
    let neighbour = of.agent(&station("ST0002"), DeviceId([8; 16])).unwrap();
    assert!(
        meet(&of, neighbour.credentials().unwrap(), check()).is_err(),
        "another station of the same chain"
    );
    let stranger = other.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    assert!(meet(&other, stranger.credentials().unwrap(), check()).is_err());
}

#[test]
fn an_agent_whose_certificate_ended_is_a_server_to_clocks_that_do_not_know() {
    let of = stand_in();
    let ended = Validity { from_ms: NOW_MS - 90 * DAY_MS, until_ms: NOW_MS - DAY_MS };
    let (key, own) = signed(&of.head_office, &subject("ST0001", Kind::Agent), ended);
    let name = agent_name(&station("ST0001")).unwrap();
    for (time, accepted) in [
        (KnownTime::AtLeast(0), true),
        (KnownTime::AtLeast(NOW_MS - 2 * DAY_MS), true),
        (KnownTime::AtLeast(NOW_MS), false),
        (KnownTime::Now(NOW_MS - 2 * DAY_MS), true),
        (KnownTime::Now(NOW_MS), false),
        (KnownTime::Now(0), false),
    ] {
        let check = ServerCheck::known(of.head_office.certificate(), &name, at(time)).unwrap();
        assert_eq!(meet(&of, credentials(&key, &[&own]), check).is_ok(), accepted, "{time:?}");
    }
}
