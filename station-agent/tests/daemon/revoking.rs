//! Revoked devices are cut, and replaced at the station alone.

use std::time::Duration;

use sync::link::Link as _;
use sync_proto::devices::revocation_feed_key;
use sync_proto::fact::{DeviceRevoked, Fact, FeedScope};
use sync_proto::wire::Reply;

use crate::hq::here;
use crate::station::{Agent, WITHIN};
use crate::till::Till;

/// A till's pull that waits for news which never come, and how it ends.
async fn waiting_pull(agent: &Agent, till: &Till) -> tokio::task::JoinHandle<bool> {
    let scope = FeedScope::Chain;
    loop {
        let scope = scope.clone();
        let pull = till.writer.run(move |node| node.next_feed_message(&scope)).await.unwrap().unwrap();
        let reply = till.link.request(pull.encode(), 0).await.unwrap();
        let Reply::Pull(answer) = Reply::decode(&reply).unwrap() else { unreachable!("a pull is answered") };
        if !answer.has_news() {
            break;
        }
        let (now, how) = (sync::Clock::system().now(), sync::node::FeedApply { relay: false, report: false });
        till.writer.run(move |node| node.apply_pull(&answer, how, now)).await.unwrap().unwrap();
    }
    let pull = till.writer.run(move |node| node.next_feed_message(&scope)).await.unwrap().unwrap();
    let link = std::sync::Arc::clone(&till.link);
    let device = [till.identity.certified().subject.device];
    let seen = || agent.daemon().station().seen.newest(&device);
    let before = seen();
    until(|| sync::Clock::system().wall_ms() > before.unwrap()).await;
    let waiting = tokio::spawn(async move { link.request(pull.encode(), 25_000).await.is_ok() });
    until(|| seen() > before).await;
    waiting
}

async fn until(done: impl Fn() -> bool) {
    let wait = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, wait).await.unwrap();
}

async fn until_cut(agent: &Agent, waiting: tokio::task::JoinHandle<bool>) {
    let answered = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert!(!answered, "it was cut, not answered");
    until(|| agent.daemon().station().live.count() == 0).await;
}

#[tokio::test]
async fn a_till_that_the_station_revokes_is_cut_at_once_while_it_waits() {
    let (agent, _hq) = Agent::start().await;
    let till = Till::enrolled(&agent, 1).await;
    let waiting = waiting_pull(&agent, &till).await;
    assert_eq!(agent.revoke(till.identity.certified().subject.device).await.status, 200);
    until_cut(&agent, waiting).await;
    assert!(till.link.request(Vec::new(), 0).await.is_err());
}

#[tokio::test]
async fn a_till_that_head_office_revokes_is_cut_within_seconds() {
    let (agent, mut hq) = Agent::start().await;
    let till = Till::enrolled(&agent, 1).await;
    let waiting = waiting_pull(&agent, &till).await;
    let device = till.identity.certified().subject.device;
    let why = "stolen".to_owned();
    let revoked = DeviceRevoked { device, station: here(), generation: 1, why };
    hq.publish(Fact::DeviceRevoked(revoked), FeedScope::Station(here()), &revocation_feed_key(device));
    hq.reach(&agent).await;
    until_cut(&agent, waiting).await;
}

#[tokio::test]
async fn the_replacement_of_a_revoked_till_sells_under_its_number_while_head_office_is_away() {
    let (agent, _hq) = Agent::start().await;
    let mut stolen = Till::connected(&agent, 1).await;
    stolen.sell("CD1001", 1_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 1).await;
    agent.revoke(stolen.identity.certified().subject.device).await;
    stolen.sell("CD1001", 5_000, None).await;
    let mut next = Till::connected(&agent, 1).await;
    next.sell("CD1001", 2_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 3).await;
    assert_ne!(next.identity.certified().subject.device, stolen.identity.certified().subject.device);
}

#[tokio::test]
async fn a_revoked_till_that_is_enrolled_again_keeps_its_device_and_what_it_had_not_sent() {
    let (agent, _hq) = Agent::start().await;
    let mut till = Till::connected(&agent, 1).await;
    let subject = till.identity.certified().subject.clone();
    agent.revoke(subject.device).await;
    till.sell("CD1001", 4_000, None).await;
    let again = agent.enrol_as(subject.kind, Some(subject.device)).await.unwrap();
    assert_eq!(again.certified().subject.generation, 2);
    again.show_on(&till.credentials).unwrap();
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 4).await;
}

#[tokio::test]
async fn a_database_of_another_number_or_kind_is_refused_at_the_station() {
    let (agent, _hq) = Agent::start().await;
    let subject = agent.enrol(1).await.certified().subject.clone();
    let other = sync_identity::Kind::Till(sync_proto::TerminalNo(2));
    let why = agent.enrol_as(other, Some(subject.device)).await.unwrap_err();
    assert_eq!(why.code(), station_api::ErrorCode::OtherDevice);
    let why = agent.enrol_as(sync_identity::Kind::Office, Some(subject.device)).await.unwrap_err();
    assert_eq!(why.code(), station_api::ErrorCode::OtherDevice);
}
