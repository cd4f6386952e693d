//! R17 at head office: what stations lack here is shown, whoever gives a device up says so, and carried journals come in.

use std::sync::Arc;

use serde_json::{Value, json};
use sync::link::{AlarmReport, Report, TillReport};
use sync::node::Beside;
use sync::peer::origin_of;
use sync::store::memory::MemoryStore;
use sync::{Draft, Node};
use sync_identity::Identity;
use sync_proto::devices::DeviceBook;
use sync_proto::fact::{CertificateIssued, Fact, IssuedFor, PendingAct, PendingOverridden};
use sync_proto::project::All;
use sync_proto::{DeviceId, Role, Stamp, StationCode, TerminalNo};

use crate::support::{Agent, Office, eventually};

const TILL: DeviceId = DeviceId([0x71; 16]);

fn here() -> StationCode {
    StationCode::new("ST0001").unwrap()
}

/// The till as its agent enrolled it.
fn till_enrolled() -> Fact {
    Fact::CertificateIssued(CertificateIssued {
        device: TILL,
        station: here(),
        role: Role::Terminal,
        terminal: Some(TerminalNo(1)),
        generation: 1,
        serial: "01".to_owned(),
        ends_at_ms: 4_000_000_000_000,
        why: IssuedFor::Enrolment,
    })
}

async fn device(office: &Office, id: DeviceId) -> Value {
    let devices = office.get("/api/v1/devices").await;
    let found = devices.as_array().unwrap().iter().find(|row| row["deviceId"] == id.to_hex().as_str());
    found.cloned().unwrap_or_default()
}

/// A station with a till, whose agent told how it stands.
async fn told(report: Report) -> (Office, Identity, Agent) {
    let office = Office::open().await;
    let identity = office.enrol("ST0001").await;
    let agent = Agent::connect(&identity, &office.running.mqtt_addr.to_string());
    agent.link.report(report.clone());
    agent.record(till_enrolled()).await;
    let pending = i64::try_from(report.pending).unwrap();
    eventually("the report", async || {
        // A report goes with every connection, and then every few seconds.
        agent.link.report(report.clone());
        let row = office.get("/api/v1/stations").await[0].clone();
        let known = device(&office, TILL).await.is_object();
        (row["pendingCount"] == pending && row["lastAckAt"].is_string() && known).then_some(())
    })
    .await;
    (office, identity, agent)
}

fn silent(pending: u64) -> Report {
    let till = TillReport { device: TILL, pending, stale_since_ms: Some(1_795_478_400_000) };
    let alarm = AlarmReport {
        kind: "new_life".to_owned(),
        at_ms: 1_795_478_400_000,
        detail: "life a ends".to_owned(),
    };
    Report {
        pending,
        oldest_at_ms: Some(1_795_478_400_000),
        last_ack_at_ms: Some(1_795_478_460_000),
        day: None,
        tills: vec![till],
        alarms: vec![alarm],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_head_office_shows_pending_oldest_and_last_acknowledgement_and_since_when_a_till_is_stale() {
    let (office, _identity, _agent) = told(silent(5)).await;
    let row = office.get("/api/v1/stations").await[0].clone();
    assert_eq!((&row["pendingCount"], &row["pendingOldestAt"]), (&json!(5), &json!("2026-11-24T00:00:00Z")));
    assert_eq!((&row["lastAckAt"], &row["staleSince"]), (&json!("2026-11-24T00:01:00Z"), &json!(null)));
    let alarm = json!([{ "kind": "new_life", "at": "2026-11-24T00:00:00Z", "detail": "life a ends" }]);
    assert_eq!(row["alarms"], alarm);
    let till = device(&office, TILL).await;
    assert_eq!((&till["pending"], &till["silentSince"]), (&json!(5), &json!("2026-11-24T00:00:00Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_a_device_with_entries_pending_is_not_revoked_without_an_override_which_is_noted() {
    let (office, identity, agent) = told(silent(5)).await;
    let path = format!("/api/v1/devices/{TILL}/revoke");
    let refused = office.post(&path, json!({ "reason": "stolen" })).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("pending_entries")), "{}", refused.body);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("5 entries") && detail.contains("it may hold more"), "{detail}");
    assert_eq!(device(&office, TILL).await["revokedAt"], json!(null));
    let agents = format!("/api/v1/devices/{}/revoke", identity.certified().subject.device);
    assert_eq!(office.post(&agents, json!({ "reason": "x" })).await.body["code"], "pending_entries");

    let revoked = office.post(&path, json!({ "reason": "도난", "overridePending": true })).await;
    assert_eq!((revoked.status, &revoked.body["revokedWhy"]), (200, &json!("도난")), "{}", revoked.body);
    drop(agent);
    office.running.stop().await;
    let path = hq_server::server::database(&office.config.data_dir);
    let database = rusqlite::Connection::open(path).unwrap();
    let said: String = database
        .query_row(
            "SELECT CAST(bytes AS TEXT) FROM entries WHERE instr(CAST(bytes AS TEXT), 'PendingOverridden')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let over = PendingOverridden {
        device: TILL,
        station: here(),
        act: PendingAct::Revoke,
        pending: 5,
        by: "console".to_owned(),
        why: "도난".to_owned(),
    };
    let fact: Fact = serde_json::from_str(&said).unwrap();
    assert_eq!(fact, Fact::PendingOverridden(over));
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_with_nothing_pending_a_device_is_revoked_at_once_and_a_silent_station_is_not() {
    let till = TillReport { device: TILL, pending: 0, stale_since_ms: None };
    let quiet = Report { last_ack_at_ms: Some(1), tills: vec![till], ..Report::default() };
    let (office, identity, agent) = told(quiet).await;
    let revoked = office.post(&format!("/api/v1/devices/{TILL}/revoke"), json!({ "reason": "old" })).await;
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    drop(agent);
    // Started anew, head office knows when it last heard of the station, and that it is not there.
    let office = office.reopen().await;
    assert!(office.get("/api/v1/stations").await[0]["staleSince"].is_string());
    let path = format!("/api/v1/devices/{}/revoke", identity.certified().subject.device);
    let refused = office.post(&path, json!({ "reason": "replaced" })).await;
    assert_eq!(refused.body["code"], "pending_entries", "{}", refused.body);
}

/// The journal of the agent, which never reached head office.
fn carried_away(identity: &Identity) -> Vec<u8> {
    let books = All(vec![Box::new(DeviceBook)]);
    let me = origin_of(&identity.certified().subject);
    let now = Stamp::at_wall_ms(1_795_478_400_000);
    let mut node = Node::open(MemoryStore::default(), Arc::new(books), me, [5; 16], now).unwrap();
    node.record(now, None, &[Draft::new(till_enrolled())], Beside::default()).unwrap();
    node.export_unsent("hq", None, now.wall_ms).unwrap().encode().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_a_journal_that_was_carried_here_is_imported_once_and_a_bad_file_is_not() {
    let office = Office::open().await;
    let identity = office.enrol("ST0001").await;
    let file = carried_away(&identity);
    let import =
        async |file: Vec<u8>| office.send(office.request("POST", "/api/v1/journal/import").body(file)).await;
    let done = import(file.clone()).await;
    assert_eq!(done.body, json!({ "stored": 2, "known": 0, "forked": 0, "refused": 0 }), "{}", done.status);
    assert_eq!(device(&office, TILL).await["kind"], "till", "what it says is in the books");
    assert_eq!(import(file.clone()).await.body["known"], 2);
    for (bad, code) in [
        (Vec::new(), "bad_journal_file"),
        (b"PK\x03\x04".to_vec(), "bad_journal_file"),
        (file[..file.len() - 3].to_vec(), "bad_journal_file"),
    ] {
        let refused = import(bad).await;
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!(code)), "{}", refused.body);
    }
    let long = import(vec![0; sync::carry::CARRIED_LEN_MAX + 1]).await;
    assert_eq!((long.status, &long.body["code"]), (400, &json!("bad_journal_file")), "{}", long.body);
    let elsewhere = Office::open().await;
    let refused = elsewhere.send(elsewhere.request("POST", "/api/v1/journal/import").body(file)).await;
    assert_eq!((refused.status, &refused.body["code"]), (404, &json!("unknown_device")), "{}", refused.body);
}
