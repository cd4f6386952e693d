//! Tills and who may call.

use sync::device::DeviceFile;
use sync::link::{HttpLink, Link as _};
use sync_proto::wire::{Outcome, RefusalCode, Reply};
use sync_proto::{Role, StationCode, TerminalNo};

use crate::hq::here;
use crate::station::{Agent, TOKEN};
use crate::till::Till;

#[tokio::test]
async fn a_till_with_a_wrong_secret_or_of_another_station_is_refused() {
    let (agent, _hq) = Agent::start().await;
    let till = Till::enrolled(&agent, 1).await;
    let journal = till.whole_journal().await;
    let mine = agent.enrol(2).await.authorization();
    let wrong_secret = format!("{}{}", &mine[..mine.len() - 4], "0000");
    let mut others = vec![wrong_secret, format!("Bearer {TOKEN}"), "Device".to_owned(), String::new()];
    let elsewhere = StationCode::new("ST0002").unwrap();
    for (station, role) in [(elsewhere, Role::Terminal), (here(), Role::Agent)] {
        let stranger = DeviceFile::mint(station, role, Some(TerminalNo(1))).unwrap();
        others.push(stranger.authorization());
        // Even one that stands in the register by mistake.
        agent.node(move |node| node.store().enrol_device(&stranger.enrolled(), 0)).await.unwrap();
    }
    for authorization in others {
        let answer = agent.post_raw("/sync", &authorization, journal.clone()).await;
        assert_eq!((answer.status, answer.code()), (401, "unknown_device"), "{authorization}");
    }
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
    let second = HttpLink::new(&agent.url(), &agent.enrol(2).await).unwrap();
    let reply = second.request(first.whole_journal().await, 0).await.unwrap();
    let Reply::Receipt(receipt) = Reply::decode(&reply).unwrap() else {
        unreachable!("a batch has a receipt")
    };
    assert_eq!(receipt.outcome, Outcome::Refused { code: RefusalCode::Forbidden });
}

#[tokio::test]
async fn a_message_that_is_no_message_or_too_long_is_refused_and_the_daemon_goes_on() {
    let (agent, _hq) = Agent::start().await;
    let authorization = agent.enrol(1).await.authorization();
    for body in [Vec::new(), vec![0xff; 100], vec![2; 5_000]] {
        let answer = agent.post_raw("/sync", &authorization, body).await;
        assert_eq!((answer.status, answer.code()), (400, "malformed_body"));
    }
    let answer = agent.post_raw("/sync", &authorization, vec![2; 10_000_000]).await;
    assert_eq!((answer.status, answer.code()), (413, "body_too_large"));
    assert_eq!(agent.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_replaced_till_keeps_its_number_in_the_list() {
    let (agent, _hq) = Agent::start().await;
    agent.enrol(2).await;
    let _newer = Till::connected(&agent, 2).await;
    agent.enrol(1).await;
    let tills = agent.get("/api/v1/devices").await.body;
    let numbers: Vec<_> =
        tills.as_array().unwrap().iter().map(|till| till["terminal"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2]);
    for terminal in ["0", "100", "-1", "\"x\""] {
        let answer = agent.post_json("/api/v1/devices", &format!(r#"{{"terminal":{terminal}}}"#)).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_request"), "{terminal}");
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
async fn a_till_is_enrolled_while_the_daemon_runs_and_while_it_is_stopped() {
    let (mut agent, _hq) = Agent::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = agent.config().clone();
    config.http_addr = agent.daemon().addr();
    let (running, stopped) = (folder.path().join("1.json"), folder.path().join("2.json"));
    station_agent::enrol::enrol(&config, 1, &running, 0).await.unwrap();
    agent.stop().await;
    station_agent::enrol::enrol(&config, 2, &stopped, 0).await.unwrap();
    assert!(station_agent::enrol::enrol(&config, 0, &stopped, 0).await.is_err());
    agent.start_again().await;
    for path in [running, stopped] {
        let till = DeviceFile::read(&path).unwrap();
        let answer = agent.post_raw("/sync", &till.authorization(), Vec::new()).await;
        assert_eq!(answer.code(), "malformed_body", "known, so its message is looked at");
    }
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
