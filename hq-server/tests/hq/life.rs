//! Starting, stopping and restarting; the program's own errors.

use std::path::Path;
use std::process::{Command, Output};

use hq_server::server;
use serde_json::json;
use sync::Clock;
use sync_identity::EnrolmentCode;

use crate::support::{Asked, Office, TOKEN, eventually};

#[tokio::test]
async fn a_restart_keeps_everything() {
    let mut office = Office::open_with(|config| config.auto_dispatch = true).await;
    office.place("CD1001", "5", "ST0001").await;
    office.post("/api/v1/products/CD1001/prices", json!({ "price": 1701 })).await;
    eventually("the shipment", async || {
        (office.get("/orderStatuses").await[0]["status"] == "shipped").then_some(())
    })
    .await;
    let before = (office.get("/api/v1/orders").await, office.get("/api/v1/products").await);
    let incarnation = office.get("/api/v1/summary").await["hqIncarnation"].clone();
    office = office.reopen().await;
    assert_eq!((office.get("/api/v1/orders").await, office.get("/api/v1/products").await), before);
    assert_eq!(office.get("/api/v1/summary").await["hqIncarnation"], incarnation);
    office.place("CD1001", "6", "ST0001").await;
    let ids = office.get("/orders").await;
    assert_ne!(ids[0]["orderId"], ids[1]["orderId"]);
}

#[tokio::test]
async fn a_port_in_use_is_one_clear_error() {
    let office = Office::open().await;
    let mut config = office.config.clone();
    config.data_dir = office.path("other");
    config.http_addr = office.running.http_addr;
    let why = server::start(&config, Clock::system()).await.unwrap_err().to_string();
    assert!(why.starts_with("http_addr") && why.contains("in use"), "{why}");
    config.http_addr = "127.0.0.1:0".parse().unwrap();
    config.mqtt_addr = office.running.mqtt_addr;
    let why = server::start(&config, Clock::system()).await.unwrap_err().to_string();
    assert!(why.starts_with("mqtt_addr") && why.contains("in use"), "{why}");
    config.mqtt_addr = config.http_addr;
    config.link_addr = office.running.link_addr;
    let why = server::start(&config, Clock::system()).await.unwrap_err().to_string();
    assert!(why.starts_with("link_addr") && why.contains("in use"), "{why}");
}

fn hq(arguments: &[&str], config: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hq-server"))
        .args(arguments)
        .arg("--config")
        .arg(config)
        .output()
        .unwrap()
}

fn config(folder: &Path, extra: &str) -> std::path::PathBuf {
    let token = folder.join("token");
    std::fs::write(&token, TOKEN).unwrap();
    let file = folder.join("hq.toml");
    let text = format!(
        "data_dir = {:?}\napi_token_file = {token:?}\nhttp_addr = \"127.0.0.1:0\"\nmqtt_addr = \"127.0.0.1:0\"\nlink_addr = \"127.0.0.1:0\"\n{extra}",
        folder.join("data")
    );
    std::fs::write(&file, text).unwrap();
    file
}

fn one_line(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn an_unknown_key_ends_the_program_with_code_2_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = config(folder.path(), "colour = \"blue\"\n");
    for arguments in [&["run"][..], &["run", "--check-config"], &["role", "stop", "order"]] {
        let output = hq(arguments, &file);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(one_line(&output).contains("colour"));
    }
    let fine = config(folder.path(), "");
    let output = hq(&["run", "--check-config"], &fine);
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("data_dir") && !printed.contains(TOKEN), "{printed}");
}

#[test]
fn a_data_folder_that_cannot_be_written_ends_the_program_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), "a file, not a folder").unwrap();
    let output = hq(&["run"], &config(folder.path(), ""));
    assert_eq!(output.status.code(), Some(1));
    assert!(one_line(&output).contains("data_dir"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_opened_while_head_office_runs_and_while_it_does_not() {
    let office = Office::open().await;
    let station = "[[stations]]\ncode = \"ST0001\"\nname = \"a\"\naddress = \"b\"\n";
    let file = config(&office.path(""), station);
    let text = std::fs::read_to_string(&file).unwrap();
    let running =
        text.replace("http_addr = \"127.0.0.1:0\"", &format!("http_addr = \"{}\"", office.running.http_addr));
    std::fs::write(&file, running).unwrap();
    let code = |output: &Output| {
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        EnrolmentCode::parse(text.trim()).unwrap()
    };
    let first = code(&hq(&["code", "--station", "ST0001"], &file));
    let refused = hq(&["code", "--station", "ST9999"], &file);
    assert_eq!(refused.status.code(), Some(1));
    assert!(one_line(&refused).contains("ST9999"));
    let agent = Asked::of(&first, None).send(&office.running.link_addr.to_string(), &first).await.unwrap();
    let device = agent.certified().subject.device.to_hex();
    let revoked = hq(&["revoke", "--device", &device, "--reason", "lost"], &file);
    assert!(revoked.status.success(), "{revoked:?}");
    assert_eq!(office.get("/api/v1/devices").await[0]["revokedWhy"], "lost");
    let role = hq(&["role", "stop", "logistics"], &file);
    assert!(role.status.success(), "{role:?}");
    assert_eq!(office.get("/api/v1/roles").await[1]["state"], "stopped");
    let data = office.config.clone();
    office.running.stop().await;
    let second = code(&hq(&["code", "--station", "ST0001"], &file));
    let none = hq(&["code", "--station", "ST9999"], &file);
    assert_eq!(none.status.code(), Some(1));
    assert!(one_line(&none).contains("register"));
    let again = server::start(&data, Clock::system()).await.unwrap();
    let enrolled = Asked::of(&second, None).send(&again.link_addr.to_string(), &second).await.unwrap();
    assert_ne!(enrolled.certified().subject.device, agent.certified().subject.device);
    again.stop().await;
    let stopped = hq(&["role", "start", "logistics"], &file);
    assert_eq!(stopped.status.code(), Some(1));
    assert!(one_line(&stopped).contains("does not answer"));
}
