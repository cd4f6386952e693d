//! What a wrong clock may not do. A clock that stands in 2099 sees every certificate as one of the past, a clock
//! that stands in 1970 sees it as one of the future; so certificates of the past and of the future show both.

use std::sync::Arc;

use sync::Clock;
use sync::clock::{known_time, time_after};
use sync_identity::standin::StandIn;
use sync_identity::verify::PeerVerifier;
use sync_identity::{Kind, KnownTime, Standing, Validity};
use sync_proto::{DeviceId, TerminalNo};

use crate::hq::here;
use crate::station::{AGENT, Agent, days};
use crate::till::Till;

#[test]
fn before_it_agreed_with_head_office_a_clock_only_knows_what_its_own_certificate_says() {
    let (clock, issued_at_ms) = (Clock::system(), 1_234);
    let time = known_time(&clock, issued_at_ms);
    assert_eq!(time(), KnownTime::AtLeast(issued_at_ms));
    let hq_ms = 4_000_000_000_000;
    clock.agree(hq_ms, 0);
    let KnownTime::Now(now_ms) = time() else { unreachable!("the time was agreed") };
    assert!((hq_ms..hq_ms + 60_000).contains(&now_ms), "head office's time, not this machine's: {now_ms}");
}

#[test]
fn a_till_knows_only_what_its_own_certificate_says_whatever_it_was_told() {
    assert_eq!(time_after(1_234)(), KnownTime::AtLeast(1_234));
}

#[test]
fn a_window_that_ends_before_it_begins_holds_at_no_time() {
    let chain = StandIn::make(days(-1, 400)).unwrap();
    let agent = chain.agent(&here(), AGENT).unwrap();
    let kind = Kind::Till(TerminalNo(1));
    let older = StandIn::make(days(-20, -10)).unwrap();
    let till = older.of_station(&agent, kind, DeviceId([1; 16])).unwrap();
    let window = till.certified().window;
    assert!(window.until_ms < window.from_ms);
    for now in [KnownTime::AtLeast(0), KnownTime::Now(window.from_ms), KnownTime::Now(window.until_ms)] {
        let verifier = PeerVerifier::new(&chain.roots(), Arc::new(move || now), i64::MAX).unwrap();
        assert_eq!(verifier.standing_of(till.certified()), None, "{now:?}");
    }
}

#[tokio::test]
async fn certificates_inside_out_are_refused_and_the_next_till_is_heard() {
    let (agent, _hq) = Agent::start_with(days(-1, 400), "").await;
    let older = StandIn::make(days(-20, -10)).unwrap();
    let kind = Kind::Till(TerminalNo(1));
    let inside_out = older.of_station(&agent.identity(), kind, DeviceId([1; 16])).unwrap();
    for _ in 0..20 {
        let request = agent.lan(Some(&inside_out)).post(format!("{}/link/renew", agent.lan_url()));
        assert!(request.send().await.is_err());
    }
    let till = agent.enrol(1).await;
    assert_eq!(agent.lan_post(Some(&till), "/sync", Vec::new()).await.code(), "malformed_body");
}

/// An agent whose machine is wrong by years, with HQ away: tills enrol, sell and come back after a restart, and when
/// head office tells the time at last, nobody has to be enrolled again.
async fn a_station_works_whose_certificates_hold(validity: Validity) {
    let (mut agent, _hq) = Agent::start_with(validity, "").await;
    let mut till = Till::connected(&agent, 1).await;
    till.until_price(|price| price.price == 1_670).await;
    till.sell("CD1001", 1_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 1).await;
    agent.restart().await;
    till.sell("CD1001", 2_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 3).await;
    let clock = &agent.daemon().station().clock;
    clock.agree(validity.from_ms + 1_000_000, 0);
    let answer = agent.lan_post(Some(&till.identity), "/sync", Vec::new()).await;
    assert_eq!(answer.code(), "malformed_body", "heard: {answer:?}");
    assert_eq!(agent.get("/api/v1/overview").await.status, 200);
}

#[tokio::test]
async fn a_station_whose_clock_says_2099_works_while_head_office_is_away() {
    a_station_works_whose_certificates_hold(days(-20_000, -19_600)).await;
}

#[tokio::test]
async fn a_station_whose_clock_says_1970_works_while_head_office_is_away() {
    a_station_works_whose_certificates_hold(days(19_000, 19_400)).await;
}

#[tokio::test]
async fn once_head_office_told_the_time_a_certificate_that_ended_is_only_good_for_its_renewal() {
    let (mut agent, _hq) = Agent::start().await;
    let subject = agent.enrol(1).await.certified().subject.clone();
    let ended = agent.signed(&subject, days(-100, -10));
    let sync = async || agent.lan_post(Some(&ended), "/sync", Vec::new()).await;
    assert_eq!(sync().await.code(), "malformed_body", "nothing says that it ended");
    agent.agree_on_the_time();
    assert_eq!(sync().await.code(), "not_allowed");
    let standing = agent.daemon().station().verifier.standing_of(ended.certified());
    assert_eq!(standing, Some(Standing::Lapsed));
}
