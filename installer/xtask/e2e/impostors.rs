//! Whoever does not belong, against programs that really run.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use xtask::client::Client;
use xtask::workspace;

use crate::eventually::{holds, within};
use crate::mqtt::Intruder;
use crate::papers::Papers;
use crate::process::Running;
use crate::stage::{HEALED, Stage, list, milli, sell};

const HEAD_OFFICE: &str = "hq.juyu.internal";
const AGENT: &str = "agent.c-st0001.juyu.internal";
/// A status that a client of TLS reports when there was no answer.
const NO_ANSWER: u16 = 0;

fn papers_of_till(stage: &Stage, station: usize) -> Papers {
    Papers::of(&stage.fleet.plan().stations[station].tills[0].identity)
}

fn papers_of_agent(stage: &Stage, station: usize) -> Papers {
    Papers::of(&stage.fleet.plan().stations[station].agent.identity)
}

#[test]
fn strangers_and_devices_of_another_place_open_nothing() {
    let stage = Stage::with(|wish| wish.stations = 2);
    let plan = stage.fleet.plan();
    let (agent, till, foreign) =
        (papers_of_agent(&stage, 0), papers_of_till(&stage, 0), papers_of_till(&stage, 1));
    let forged_agent = Papers::forged(&agent.name(), &agent);
    let forged_till = Papers::forged(&till.name(), &agent);
    let hq = plan.hq.program.link.clone().unwrap();
    let lan = plan.stations[0].agent.launch.program.link.clone().unwrap();

    let at_hq = |papers: &Papers, path| papers.curl(&hq, HEAD_OFFICE, "POST", path);
    assert_eq!(agent.curl_bare(&hq, HEAD_OFFICE, "POST", "/sync"), 401, "no certificate");
    assert_eq!(agent.curl_bare(&hq, HEAD_OFFICE, "POST", "/link/renew"), 401, "no certificate");
    assert_eq!(at_hq(&forged_agent, "/sync"), NO_ANSWER, "another authority, the same names");
    assert_eq!(at_hq(&till, "/link/renew"), 403, "a till renews at its station");
    assert_eq!(at_hq(&agent, "/orders"), 404, "the console's paths are elsewhere");
    assert_eq!(at_hq(&agent, "/sync"), 400, "the agent is let in, and says nothing that can be read");

    let on_lan = |papers: &Papers, path| papers.curl(&lan, AGENT, "POST", path);
    assert_eq!(agent.curl_bare(&lan, AGENT, "POST", "/sync"), 401, "no certificate");
    assert_eq!(agent.curl_bare(&lan, AGENT, "GET", "/api/v1/overview"), 401, "no certificate");
    assert_eq!(on_lan(&forged_till, "/sync"), NO_ANSWER, "another authority, the same names");
    assert_eq!(on_lan(&foreign, "/sync"), 403, "a till of another station");
    assert_eq!(on_lan(&agent, "/sync"), 403, "an agent is no till");
    assert_eq!(till.curl(&lan, AGENT, "GET", "/api/v1/overview"), 403, "a till is no back office");
    assert_eq!(on_lan(&till, "/stockFlows"), 403, "integrations come by the loopback interface");
    assert_eq!(on_lan(&till, "/sync"), 400, "the till is let in");

    let broker = plan.hq.program.mqtt.clone().unwrap();
    for (papers, what) in
        [(&forged_agent, "another authority"), (&till, "a till"), (&foreign, "a foreign till")]
    {
        let device = papers.name().split('-').next().unwrap().to_owned();
        assert_ne!(
            Intruder::with(&broker, papers, &device).1,
            Some(0),
            "{what} is not welcome at the broker"
        );
    }
    sell(&stage.till(), "CD1001", "10");
    arrives(&stage, 1);
}

#[test]
fn a_rogue_agent_on_the_lan_hears_nothing_and_the_till_sells_on() {
    let stage = Stage::with(|wish| wish.stations = 2);
    let till = &stage.fleet.plan().stations[0].tills[0];
    let genuine = papers_of_agent(&stage, 0);
    stage.fleet.kill_and_hold(&till.launch.name).unwrap();
    // The real agent of another station of the chain, and a stranger who calls itself by this station's name.
    for rogue in [papers_of_agent(&stage, 1), Papers::forged(AGENT, &genuine)] {
        let server = rogue.s_server();
        let config = with_agent(Path::new(&till.config), &server.address);
        let mut running = Running::start(
            Command::new(workspace::binary("pos-desktop")).args(["--headless", "--config"]).arg(&config),
        );
        let client = stage.till();
        holds(HEALED, "the till to be ready", || {
            client.get("/readyz").is_ok_and(|answer| answer.is_success())
        });
        sell(&client, "CD1001", "10");
        holds(HEALED, "the rogue to be called", || server.called());
        let status = client.get("/api/v1/status").unwrap().body;
        assert_eq!(status["agentLink"], "down", "{status}");
        running.stop();
        let heard = server.heard();
        assert!(!heard.contains("POST") && !heard.contains("Sold"), "the rogue heard: {heard}");
    }
    stage.fleet.release(&till.launch.name).unwrap();
    arrives(&stage, 2);
}

/// The till's configuration over another folder and on another port.
pub fn elsewhere(config: &Path, folder: &Path) -> (std::path::PathBuf, String) {
    let mut table: toml::Table = std::fs::read_to_string(config).unwrap().parse().unwrap();
    // A port that was free a moment ago: the till says when it could not have it.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    table.insert("data_dir".to_owned(), toml::Value::String(folder.to_string_lossy().into_owned()));
    let local_api = table.get_mut("local_api").and_then(toml::Value::as_table_mut).unwrap();
    local_api.insert("addr".to_owned(), toml::Value::String(address.clone()));
    let changed = folder.with_extension("toml");
    std::fs::write(&changed, toml::to_string(&table).unwrap()).unwrap();
    (changed, address)
}

/// The till's configuration with another agent's address.
fn with_agent(config: &Path, address: &str) -> std::path::PathBuf {
    let mut table: toml::Table = std::fs::read_to_string(config).unwrap().parse().unwrap();
    table.insert("agent_url".to_owned(), toml::Value::String(format!("https://{address}")));
    let changed = config.with_file_name("rogue.toml");
    std::fs::write(&changed, toml::to_string(&table).unwrap()).unwrap();
    changed
}

#[test]
fn a_revoked_till_is_cut_sells_on_and_brings_everything_once_it_is_enrolled_again() {
    let stage = Stage::with(|wish| wish.terminals = 2);
    let (agent, till) = (stage.agent(), stage.till());
    sell(&till, "CD1001", "10");
    arrives(&stage, 1);
    let device = device(&agent, "till", Some(1));
    let path = format!("/api/v1/devices/{device}/revoke");
    let revoked = agent.post_json(&path, json!({ "reason": "stolen", "override_pending": true })).unwrap();
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    assert!(revoked.body["revokedAt"].is_string());

    holds(HEALED, "the revoked till to be cut", || {
        till.get("/api/v1/status").is_ok_and(|answer| answer.body["agentLink"] == "down")
    });
    sell(&till, "CD1001", "20");
    sell(&stage.fleet.till(0, 2).unwrap(), "CD1001", "30");
    arrives(&stage, 2);
    within(HEALED, "the revocation at head office", || {
        let rows = list(&stage.hq(), "/api/v1/devices");
        rows.iter()
            .any(|row| row["deviceId"] == device.as_str() && row["revokedAt"].is_string())
            .then_some(())
    });

    enrol_till_again(&stage);
    arrives(&stage, 3);
    assert_eq!(self::device(&agent, "till", Some(1)), device, "the device and its journal stay");
}

#[test]
fn a_revoked_agent_is_cut_from_head_office_and_its_station_works_on_until_it_is_set_up_again() {
    let stage = Stage::small();
    let (hq, agent, till) = (stage.hq(), stage.agent(), stage.till());
    sell(&till, "CD1001", "10");
    arrives(&stage, 1);
    let rows = list(&hq, "/api/v1/devices");
    let device = rows.iter().find(|row| row["kind"] == "agent").unwrap()["deviceId"].as_str().unwrap();
    let revoked = hq.post_json(
        &format!("/api/v1/devices/{device}/revoke"),
        json!({ "reason": "replaced", "overridePending": true }),
    );
    assert_eq!(revoked.unwrap().status, 200);
    holds(HEALED, "the station to be cut from head office", || {
        list(&hq, "/api/v1/stations").iter().any(|row| row["state"] == "stale")
    });
    let broker = stage.fleet.plan().hq.program.mqtt.clone().unwrap();
    let papers = papers_of_agent(&stage, 0);
    assert_ne!(Intruder::with(&broker, &papers, device).1, Some(0), "its papers are not welcome any more");
    assert_eq!(
        papers.curl(&stage.fleet.plan().hq.program.link.clone().unwrap(), HEAD_OFFICE, "POST", "/sync"),
        403
    );

    sell(&till, "CD1001", "20");
    holds(HEALED, "the sale at the station", || crate::stage::sold(&agent, "CD1001").0 == 30_000);
    let code = hq.post_json("/api/v1/enrolment-codes", json!({ "stationCode": "ST0001" })).unwrap();
    let again = agent.post_json("/api/v1/setup", json!({ "code": code.body["code"] })).unwrap();
    assert_eq!((again.status, &again.body["enrolled"]), (200, &Value::Bool(true)));
    arrives(&stage, 2);
    // What the revoked authority signed opens nothing any more, at the station either.
    holds(HEALED, "the till to be cut", || {
        till.get("/api/v1/status").is_ok_and(|answer| answer.body["agentLink"] == "down")
    });
    sell(&till, "CD1001", "30");
    enrol_till_again(&stage);
    arrives(&stage, 3);
}

/// Stops the till, types a new code into it, and starts it.
fn enrol_till_again(stage: &Stage) {
    let till = &stage.fleet.plan().stations[0].tills[0];
    stage.fleet.kill_and_hold(&till.launch.name).unwrap();
    let invited = json!({ "kind": "till", "terminal": 1 });
    let code = stage.agent().post_json("/api/v1/enrolment-codes", invited).unwrap();
    let enrolled = Command::new(workspace::binary("pos-desktop"))
        .args(["enrol", "--config", &till.config, code.body["code"].as_str().unwrap()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    stage.fleet.release(&till.launch.name).unwrap();
}

#[test]
fn a_cloned_till_takes_nobodys_place_and_gets_a_life_of_its_own() {
    let stage = Stage::small();
    let till = &stage.fleet.plan().stations[0].tills[0];
    sell(&stage.till(), "CD1001", "10");
    arrives(&stage, 1);
    stage.fleet.kill_and_hold(&till.launch.name).unwrap();
    let (folder, clone) = (till.identity.parent().unwrap(), stage.data().join("clone"));
    std::fs::create_dir(&clone).unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), clone.join(file.file_name())).unwrap();
    }
    stage.fleet.release(&till.launch.name).unwrap();
    let original = stage.till();
    holds(HEALED, "the till to be back", || original.get("/readyz").is_ok_and(|answer| answer.is_success()));
    sell(&original, "CD1001", "20");
    arrives(&stage, 2);

    let (config, address) = elsewhere(Path::new(&till.config), &clone);
    let mut running = Running::start(
        Command::new(workspace::binary("pos-desktop")).args(["--headless", "--config"]).arg(config),
    );
    let twin = Client::new(&format!("http://{address}"), &till.launch.program.token);
    holds(HEALED, "the clone to be ready", || twin.get("/readyz").is_ok_and(|answer| answer.is_success()));
    sell(&twin, "CD1001", "30");
    // Both call under one name; the clone found that it is one, and writes a journal of its own.
    sell(&original, "CD1001", "40");
    arrives(&stage, 4);
    // It may also have taken back what the life it came from wrote after the copy (R38).
    let kept = list(&twin, "/sales");
    assert_eq!(
        kept.iter().filter(|row| milli(row, "qty") == 30_000).count(),
        1,
        "the clone keeps what it sold"
    );
    holds(HEALED, "the clone to know that everything arrived", || {
        twin.get("/api/v1/status").is_ok_and(|status| status.body["pendingCount"] == 0)
    });
    running.stop();
    let summary = stage.hq().get("/api/v1/summary").unwrap().body;
    assert_eq!((&summary["salesCount"], &summary["quarantined"]), (&json!(4), &json!(0)), "{summary}");
}

fn device(agent: &Client, kind: &str, terminal: Option<u16>) -> String {
    let rows = list(agent, "/api/v1/devices");
    let row = rows.iter().find(|row| row["kind"] == kind && row["terminal"] == json!(terminal)).unwrap();
    row["deviceId"].as_str().unwrap().to_owned()
}

/// As many sales as were made are at head office, each once.
fn arrives(stage: &Stage, sales: u64) {
    within(HEALED, "the sales at head office", || {
        (stage.hq().get("/api/v1/summary").ok()?.body["salesCount"] == sales).then_some(())
    });
}
