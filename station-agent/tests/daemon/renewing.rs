//! Certificates of tills that get old.

use std::sync::Arc;

use station_api::ErrorCode;
use station_api::enrolment::{self, Renewal};
use sync::Clock;
use sync::clock::time_after;
use sync::link::Link as _;
use sync_identity::Identity;
use tokio::sync::watch;

use crate::station::{Agent, WITHIN, any_time, days};
use crate::till::Till;

/// A station whose clock is agreed and whose certificates are short-lived.
async fn hasty_station(lifetime: &str) -> Agent {
    let more = format!("[certificates]\ndevice = \"{lifetime}\"\n");
    let (agent, _hq) = Agent::start_with(days(-1, 400), &more).await;
    agent.agree_on_the_time();
    agent
}

fn renewal(agent: &Agent, identity: &Identity, credentials: Arc<sync_identity::Credentials>) -> Renewal {
    Renewal {
        base_url: agent.lan_url(),
        credentials,
        time: time_after(identity.certified().window.from_ms),
        wall_ms: || Clock::system().wall_ms(),
        up: watch::Sender::new(true).subscribe(),
        renewed: Box::new(|_| {}),
    }
}

#[tokio::test]
async fn a_certificate_is_renewed_from_half_of_its_life_on_and_not_before() {
    let agent = hasty_station("4s").await;
    let till = agent.enrol(1).await;
    let renew = async || enrolment::renew(&agent.lan_url(), &till, any_time()).await;
    assert_eq!(renew().await.unwrap_err().code(), ErrorCode::NotDue);
    let due = async {
        loop {
            match renew().await {
                Ok(next) => return next,
                Err(why) => assert_eq!(why.code(), ErrorCode::NotDue),
            }
        }
    };
    let next = tokio::time::timeout(WITHIN, due).await.unwrap();
    assert!(Clock::system().wall_ms() >= till.certified().half_life_ms());
    assert_eq!(next.certified().subject, till.certified().subject);
    assert_ne!(next.certified().serial, till.certified().serial);
    assert!(next.certified().window.until_ms > till.certified().window.until_ms);
}

#[tokio::test]
async fn a_till_sells_on_through_several_lives_of_its_certificate() {
    let agent = hasty_station("3s").await;
    let mut till = Till::connected(&agent, 1).await;
    let first = till.identity.certified().clone();
    let path = agent.folder().join("till.json");
    let keep = renewal(&agent, &till.identity, Arc::clone(&till.credentials));
    let (kept, identity) = (path.clone(), till.identity.clone());
    let keeping = tokio::spawn(async move { keep.keep(&kept, identity).await });
    let two_lives = async {
        loop {
            let now = Identity::read(&path).map(|identity| identity.certified().window.until_ms);
            if now.is_ok_and(|until_ms| until_ms > first.window.until_ms + 3_000) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, two_lives).await.unwrap();
    assert!(Clock::system().wall_ms() > first.window.until_ms, "the first one has ended");
    till.sell("CD1001", 3_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 3).await;
    keeping.abort();
}

#[tokio::test]
async fn a_till_whose_certificate_lapsed_may_renew_it_and_then_sells_on_the_same_link() {
    let (mut agent, _hq) = Agent::start().await;
    agent.agree_on_the_time();
    let subject = agent.enrol(1).await.certified().subject.clone();
    let lapsed = agent.signed(&subject, days(-100, -10));
    let mut till = Till::of(&agent, lapsed.clone());
    till.sell("CD1001", 1_000, None).await;
    let journal = till.whole_journal().await;
    let why = till.link.request(journal.clone(), 0).await.unwrap_err().to_string();
    assert!(why.contains("403"), "{why}");
    till.connect();
    let next = enrolment::renew(&agent.lan_url(), &lapsed, any_time()).await.unwrap();
    next.show_on(&till.credentials).unwrap();
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 1).await;
}

#[tokio::test]
async fn a_certificate_that_ended_longer_ago_than_the_grace_renews_nothing() {
    let (mut agent, _hq) = Agent::start_with(days(-400, 400), "[certificates]\ngrace = \"24h\"\n").await;
    agent.agree_on_the_time();
    let subject = agent.enrol(1).await.certified().subject.clone();
    let lapsed = agent.signed(&subject, days(-100, -2));
    assert!(enrolment::renew(&agent.lan_url(), &lapsed, any_time()).await.is_err());
}
