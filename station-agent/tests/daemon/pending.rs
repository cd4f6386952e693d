//! R17: what has not reached head office is counted and shown; whoever gives it up says so, and it is exported first.

use std::path::Path;

use serde_json::json;
use sync::carry::{Carried, CarryError};
use sync_proto::fact::Fact;
use sync_proto::{Decoded, Envelope, Seq};

use crate::station::Agent;
use crate::till::Till;

async fn sold_one(agent: &Agent) -> Till {
    let mut till = Till::connected(agent, 1).await;
    till.sell("CD1001", 1_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 1).await;
    till
}

fn path_of(till: &Till, verb: &str) -> String {
    format!("/api/v1/devices/{}/{verb}", till.identity.certified().subject.device)
}

/// HQ acknowledges everything that the agent holds.
async fn all_at_hq(agent: &Agent) {
    agent
        .node(|node| {
            for each in node.outbox("hq").unwrap() {
                node.keep_ack("hq", each.stream, each.head, 0).unwrap();
            }
        })
        .await;
}

#[tokio::test]
async fn r17_a_till_with_entries_pending_is_not_revoked_without_an_override() {
    let (agent, _hq) = Agent::start().await;
    let till = sold_one(&agent).await;
    let devices = agent.get("/api/v1/devices").await.body;
    let row = devices.as_array().unwrap().iter().find(|row| row["kind"] == "till").unwrap().clone();
    let pending = row["pending"].as_u64().unwrap();
    assert!(pending >= 2 && row["pendingOldestAt"].is_string(), "{row}");
    let path = path_of(&till, "revoke");
    let refused = agent.post_json(&path, r#"{"reason":"stolen"}"#).await;
    assert_eq!((refused.status, refused.code()), (409, "pending_entries"), "{refused:?}");
    assert!(refused.body["detail"].as_str().unwrap().contains(&format!("{pending} entries")), "{refused:?}");
    let devices = agent.get("/api/v1/devices").await.body;
    assert!(devices.as_array().unwrap().iter().all(|row| row["revokedAt"].is_null()), "{devices}");
    all_at_hq(&agent).await;
    let revoked = agent.post_json(&path, r#"{"reason":"stolen"}"#).await;
    assert_eq!((revoked.status, &revoked.body["exportedTo"]), (200, &json!(null)), "{revoked:?}");
}

#[tokio::test]
async fn r17_an_override_is_noted_in_the_journal_and_exports_what_head_office_lacks() {
    let (agent, _hq) = Agent::start().await;
    let till = sold_one(&agent).await;
    let path = path_of(&till, "revoke");
    let unsaid = agent.post_json(&path, r#"{"reason":" ","override_pending":true}"#).await;
    assert_eq!((unsaid.status, unsaid.code()), (400, "bad_reason"));
    let revoked = agent.post_json(&path, r#"{"reason":"도난","override_pending":true}"#).await;
    assert_eq!((revoked.status, &revoked.body["revokedWhy"]), (200, &json!("도난")), "{revoked:?}");
    let file = Carried::read(Path::new(revoked.body["exportedTo"].as_str().unwrap())).unwrap();
    let own = till.writer.run(|node| node.own_head().unwrap().seq.0).await.unwrap();
    assert_eq!(file.entry_count(), own, "the till's whole journal: nothing of it was at head office");
    let said = agent
        .node(|node| {
            let (stream, head) = (node.own_stream(), node.own_head().unwrap().seq);
            let from = Seq(head.0.saturating_sub(1));
            let entries = sync::Store::entries(node.store(), &stream, from, 2, usize::MAX).unwrap();
            entries.into_iter().map(|entry| entry.bytes).collect::<Vec<_>>()
        })
        .await;
    let facts: Vec<Fact> = said
        .iter()
        .map(|bytes| match Envelope::decode(bytes).unwrap() {
            Decoded::Known(envelope) => envelope.fact,
            Decoded::Unknown { type_name, .. } => unreachable!("{type_name}"),
        })
        .collect();
    let Fact::PendingOverridden(over) = &facts[0] else { unreachable!("{facts:?}") };
    assert_eq!((over.why.as_str(), over.by.as_str(), over.pending), ("도난", "back office", own));
    assert!(matches!(facts[1], Fact::DeviceRevoked(_)), "{facts:?}");
    let again = agent.post_json(&path, r#"{"reason":"again"}"#).await;
    assert_eq!((again.status, &again.body["revokedWhy"]), (200, &json!("도난")), "done is done");
}

#[tokio::test]
async fn r17_what_a_till_says_it_holds_and_has_not_sent_is_pending() {
    let (agent, _hq) = Agent::start().await;
    let till = sold_one(&agent).await;
    all_at_hq(&agent).await;
    let stream = till.writer.run(|node| node.own_stream()).await.unwrap();
    let head = till.writer.run(|node| node.own_head().unwrap().seq).await.unwrap();
    agent.daemon().station().said.hello(stream, Seq(head.0 + 3));
    let tills = agent.get("/api/v1/overview").await.body["terminals"].clone();
    assert_eq!((&tills[0]["on_till"], &tills[0]["pending_at_hq"]), (&json!(3), &json!(3)), "{tills}");
    assert_eq!(tills[0]["stale_since"], json!(null), "it called a moment ago");
    let refused = agent.post_json(&path_of(&till, "revoke"), r#"{"reason":"stolen"}"#).await;
    assert_eq!(refused.code(), "pending_entries");
}

#[tokio::test]
async fn r17_a_till_that_is_silent_may_hold_more_and_is_not_revoked_without_an_override() {
    let (mut agent, _hq) = Agent::start().await;
    let mut till = sold_one(&agent).await;
    all_at_hq(&agent).await;
    till.disconnect().await;
    // Nobody has called since this start.
    agent.restart().await;
    let devices = agent.get("/api/v1/devices").await.body;
    let row = devices.as_array().unwrap().iter().find(|row| row["kind"] == "till").unwrap().clone();
    assert_eq!(row["pending"], 0);
    assert!(row["silentSince"].is_string(), "{row}");
    let refused = agent.post_json(&path_of(&till, "revoke"), r#"{"reason":"stolen"}"#).await;
    assert_eq!(refused.code(), "pending_entries");
    assert!(refused.body["detail"].as_str().unwrap().contains("it may hold more"), "{refused:?}");
    assert_eq!(agent.revoke(till.identity.certified().subject.device).await.status, 200);
}

#[tokio::test]
async fn r17_a_journal_that_was_carried_here_is_imported_once() {
    let (agent, _hq) = Agent::start().await;
    let mut till = Till::enrolled(&agent, 1).await;
    till.sell("CD1001", 2_000, None).await;
    let file = till.writer.run(|node| node.export_unsent("hq", None, 0)).await.unwrap().unwrap();
    let bytes = file.encode().unwrap();
    let bearer = format!("Bearer {}", crate::station::TOKEN);
    let first = agent.post_raw("/api/v1/journal/import", &bearer, bytes.clone()).await;
    let whole = file.entry_count();
    assert_eq!(first.body, json!({ "stored": whole, "known": 0, "forked": 0, "refused": 0 }), "{first:?}");
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 2).await;
    let again = agent.post_raw("/api/v1/journal/import", &bearer, bytes.clone()).await;
    assert_eq!(again.body, json!({ "stored": 0, "known": whole, "forked": 0, "refused": 0 }));
    till.connect();
    till.sell("CD1001", 3_000, None).await;
    agent.until("/salesSummaries", |rows| rows[0]["qty"] == 5).await;

    for (body, status, code) in [
        (Vec::new(), 400, "bad_journal_file"),
        (b"PK\x03\x04".to_vec(), 400, "bad_journal_file"),
        (bytes[..bytes.len() - 1].to_vec(), 400, "bad_journal_file"),
        (vec![0; 65 * 1024 * 1024], 413, "body_too_large"),
    ] {
        let refused = agent.post_raw("/api/v1/journal/import", &bearer, body).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{refused:?}");
    }
    let office = agent.enrol_office().await;
    let closed = agent.lan_post(Some(&office), "/api/v1/journal/import", bytes).await;
    assert_eq!((closed.status, closed.code()), (404, "not_found"), "this machine only");
}

#[tokio::test]
async fn r17_an_agent_leaves_only_when_nothing_is_pending_or_with_its_journal_in_a_file() {
    let (agent, _hq) = Agent::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unsent");
    let path = file.clone();
    let refused =
        agent.node(|node| node.may_leave("hq", None, sync::Clock::system().now()).unwrap_err()).await;
    assert!(matches!(refused, CarryError::Pending(_)), "{refused}");
    let count = agent
        .node(move |node| {
            let go_on = sync::node::GoOn { why: "new computer", file: &path };
            node.may_leave("hq", Some(go_on), sync::Clock::system().now()).unwrap()
        })
        .await;
    assert_eq!(count, Some(Carried::read(&file).unwrap().entry_count()));
}
