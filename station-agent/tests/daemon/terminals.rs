//! Tills and who may call.

use station_api::enrolment;
use sync::link::{HttpLink, Link as _};
use sync_identity::{Identity, Kind, tls};
use sync_proto::wire::{Outcome, RefusalCode, Reply};
use sync_proto::{DeviceId, StationCode, TerminalNo};

use crate::hq::here;
use crate::station::{Agent, TOKEN, any_time};
use crate::till::Till;

fn link(agent: &Agent, identity: &Identity) -> HttpLink {
    let check = enrolment::server_of(identity, any_time()).unwrap();
    let tls = tls::client(Some(identity.credentials().unwrap()), check).unwrap();
    HttpLink::new(&agent.lan_url(), tls).unwrap()
}

#[tokio::test]
async fn only_a_till_that_is_enrolled_here_is_heard() {
    let (agent, _hq) = Agent::start().await;
    let journal = Till::enrolled(&agent, 1).await.whole_journal().await;
    let elsewhere = StationCode::new("ST0002").unwrap();
    let neighbour = agent.chain.agent(&elsewhere, DeviceId([2; 16])).unwrap();
    let number = Kind::Till(TerminalNo(1));
    let of_neighbour = agent.chain.of_station(&neighbour, number, DeviceId([3; 16])).unwrap();
    let never_enrolled = agent.chain.of_station(&agent.identity(), number, DeviceId([4; 16])).unwrap();
    for stranger in [of_neighbour, never_enrolled, agent.identity(), agent.enrol_office().await] {
        let answer = agent.lan_post(Some(&stranger), "/sync", journal.clone()).await;
        assert_eq!((answer.status, answer.code()), (403, "not_allowed"), "{stranger:?}");
    }
    let answer = agent.lan_post(None, "/sync", journal.clone()).await;
    assert_eq!((answer.status, answer.code()), (401, "no_certificate"));
    let request = agent.lan(None).post(format!("{}/sync", agent.lan_url())).bearer_auth(TOKEN);
    assert_eq!(
        agent.send(request.body(journal)).await.code(),
        "no_certificate",
        "the token is of another door"
    );
    assert_eq!(
        agent.get("/api/v1/journal").await.body.as_array().unwrap().len() as u64,
        agent.own_entries().await
    );
}

#[tokio::test]
async fn a_till_cannot_send_another_tills_journal() {
    let (agent, _hq) = Agent::start().await;
    let mut first = Till::enrolled(&agent, 1).await;
    first.sell("CD1001", 1_000, None).await;
    let second = link(&agent, &agent.enrol(2).await);
    let reply = second.request(first.whole_journal().await, 0).await.unwrap();
    let Reply::Receipt(receipt) = Reply::decode(&reply).unwrap() else {
        unreachable!("a batch has a receipt")
    };
    assert_eq!(receipt.outcome, Outcome::Refused { code: RefusalCode::Forbidden });
}

#[tokio::test]
async fn a_message_that_is_no_message_or_too_long_is_refused_and_the_daemon_goes_on() {
    let (agent, _hq) = Agent::start().await;
    let till = agent.enrol(1).await;
    for body in [Vec::new(), vec![0xff; 100], vec![2; 5_000]] {
        let answer = agent.lan_post(Some(&till), "/sync", body).await;
        assert_eq!((answer.status, answer.code()), (400, "malformed_body"));
    }
    let answer = agent.lan_post(Some(&till), "/sync", vec![2; 10_000_000]).await;
    assert_eq!((answer.status, answer.code()), (413, "body_too_large"));
    assert_eq!(agent.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_replaced_till_keeps_its_number_in_the_list() {
    let (agent, _hq) = Agent::start().await;
    let old = agent.enrol(2).await.certified().subject.device;
    let _newer = Till::connected(&agent, 2).await;
    agent.enrol(1).await;
    agent.revoke(old).await;
    let tills = agent.get("/api/v1/overview").await.body["terminals"].clone();
    let numbers: Vec<_> =
        tills.as_array().unwrap().iter().map(|till| till["terminal"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2]);
    let devices = agent.get("/api/v1/devices").await.body;
    assert_eq!(devices.as_array().unwrap().len(), 3, "{devices}");
    let revoked: Vec<_> =
        devices.as_array().unwrap().iter().filter(|row| row["revokedAt"].is_string()).collect();
    assert_eq!(revoked[0]["deviceId"], old.to_hex().as_str());
    assert_eq!(revoked[0]["revokedWhy"], "stolen");
}

#[tokio::test]
async fn a_code_is_made_for_a_till_with_a_number_or_for_a_back_office_only() {
    let (agent, _hq) = Agent::start().await;
    for asked in [
        r#"{"kind":"till","terminal":0}"#,
        r#"{"kind":"till","terminal":100}"#,
        r#"{"kind":"till"}"#,
        r#"{"kind":"office","terminal":1}"#,
        r#"{"kind":"agent"}"#,
        r#"{"kind":"till","terminal":-1}"#,
        r#"{"kind":"till","terminal":"x"}"#,
        r#"{"kind":"hq"}"#,
        r#"{"kind":"till","terminal":1,"station":"ST0002"}"#,
    ] {
        let answer = agent.post_json("/api/v1/enrolment-codes", asked).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_request"), "{asked}");
    }
}

#[tokio::test]
async fn a_back_office_opens_codes_and_revokes_over_the_lan() {
    let (agent, _hq) = Agent::start().await;
    let office = agent.enrol_office().await;
    let check = enrolment::server_of(&office, any_time()).unwrap();
    let tls = tls::client(Some(office.credentials().unwrap()), check).unwrap();
    let client = station_api::Client::secure(&agent.lan_url(), tls).unwrap();
    let code = client.enrolment_code(station_api::DeviceKind::Till, Some(7)).await.unwrap().code;
    let url = agent.lan_url();
    let (till, _) = enrolment::enrol(&url, &code, enrolment::Applicant::OfStation, None).await.unwrap();
    assert_eq!(till.certified().subject.kind, Kind::Till(TerminalNo(7)));
    assert_eq!(till.certified().subject.station, here());
    let revoked =
        client.revoke_device(&till.certified().subject.device.to_hex(), "lost", false).await.unwrap();
    assert_eq!(revoked.revoked_why.as_deref(), Some("lost"));
    assert_eq!(agent.lan_post(Some(&till), "/sync", Vec::new()).await.code(), "not_allowed");
    assert!(client.devices().await.unwrap().iter().any(|row| row.last_seen_at.is_some()));
}

#[tokio::test]
async fn the_agent_itself_and_strangers_cannot_be_revoked_at_the_station() {
    let (agent, _hq) = Agent::start().await;
    for device in [crate::station::AGENT, DeviceId([1; 16])] {
        assert_eq!(agent.revoke(device).await.code(), "unknown_device");
    }
    let till = agent.enrol(1).await.certified().subject.device;
    for reason in ["", "  ", "a\\u0007b", &"x".repeat(201)] {
        let body = format!(r#"{{"reason":"{reason}"}}"#);
        let answer = agent.post_json(&format!("/api/v1/devices/{till}/revoke"), &body).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_reason"), "{reason}");
    }
}

#[tokio::test]
async fn a_second_daemon_on_the_same_folder_is_refused_with_a_clear_line() {
    let (agent, _hq) = Agent::start().await;
    let why = agent.start_second().await.to_string();
    assert!(why.contains("another process has") && why.contains("stop it first"), "{why}");
    assert_eq!(agent.get("/livez").await.status, 200);
}

#[tokio::test]
async fn a_till_stays_enrolled_over_a_restart_of_the_daemon() {
    let (mut agent, _hq) = Agent::start().await;
    let till = agent.enrol(1).await;
    let kept = agent.lan(Some(&till));
    agent.restart().await;
    let answer = agent.send(kept.post(format!("{}/sync", agent.lan_url()))).await;
    assert_eq!(answer.code(), "malformed_body", "known, so its message is looked at");
}

#[tokio::test]
async fn a_writer_that_died_makes_the_daemon_not_alive_and_ends_it() {
    let (mut agent, _hq) = Agent::start().await;
    let job = agent.daemon().station().writer.run(|_| unreachable!("a defect of ours"));
    assert!(job.await.is_err());
    assert_eq!(agent.get("/livez").await.status, 503);
    let refused = agent.post_form("/accounts", "accountName=a").await;
    assert_eq!((refused.status, refused.code()), (503, "not_ready"));
    let why = agent.daemon_mut().failed().await.to_string();
    assert!(why.contains("writer has stopped"), "{why}");
}
