//! A till that does not belong yet, and `pos-desktop enrol`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use pos_desktop::config::Config;
use pos_desktop::headless::Running;
use sync_identity::{Identity, Kind};
use sync_proto::TerminalNo;
use tempfile::TempDir;

use crate::fixture::{Agent, until};

const NUMBER_ONE: Kind = Kind::Till(TerminalNo(1));

/// A till's folder without an identity, and no local API.
fn folder(agent_url: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "data_dir = {:?}\nidentity_file = {:?}\nagent_url = \"{agent_url}\"\n",
        folder.path().join("data"),
        identity_file(folder.path()),
    );
    fs::write(folder.path().join("till.toml"), text).unwrap();
    folder
}

fn identity_file(folder: &Path) -> std::path::PathBuf {
    folder.join("till.json")
}

fn command(folder: &Path, verb: Option<&str>, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pos-desktop"));
    command.args(verb).arg("--config").arg(folder.join("till.toml")).args(more);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("RUST_LOG");
    command
}

/// Runs `pos-desktop enrol` beside the agent of this process.
async fn enrol(folder: &Path, code: &str) -> Output {
    let mut command = command(folder, Some("enrol"), &[code]);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// One line that says it, and nothing was kept.
fn assert_failed(folder: &Path, output: &Output, said: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("pos-desktop: ") && stderr.contains(said), "{stderr}");
    assert!(output.stdout.is_empty());
    assert!(!identity_file(folder).exists());
}

#[test]
fn a_headless_till_without_an_identity_ends_and_says_how_to_enrol() {
    let folder = folder("https://127.0.0.1:1");
    let output = command(folder.path(), None, &["--headless"]).output().unwrap();
    assert_failed(folder.path(), &output, "not enrolled yet; run `pos-desktop enrol --config");
    assert!(!folder.path().join("data").exists(), "nothing was opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_enrols_with_a_code_of_its_station_and_sells() {
    let place = tempfile::tempdir().unwrap();
    let agent = Agent::start(place.path()).await;
    let folder = folder(&agent.url());
    let output = enrol(folder.path(), &agent.code(Kind::Till(TerminalNo(7))).await).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "till 7 of ST0001 is enrolled\n", "{output:?}");
    assert_eq!(output.status.code(), Some(0));
    let mode = fs::metadata(identity_file(folder.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let config = Config::read(&folder.path().join("till.toml")).unwrap();
    let till = Running::start(&config, config.identity().unwrap().unwrap()).await.unwrap();
    let heard = async || agent.count("SELECT count(*) FROM streams").await == 2;
    until("the till's journal at the agent", heard).await;
    assert_eq!(till.till().me().terminal, Some(TerminalNo(7)));
    assert_eq!(till.api_addr(), None, "no local API unless it is configured");
    till.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_code_is_told_before_anything_is_sent() {
    let folder = folder("https://127.0.0.1:1");
    let place = tempfile::tempdir().unwrap();
    let code = Agent::start(place.path()).await.code(NUMBER_ONE).await;
    let other = if code.starts_with('0') { "1" } else { "0" };
    let output = enrol(folder.path(), &format!("{other}{}", &code[1..])).await;
    assert_failed(folder.path(), &output, "mistyped");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_another_authority_is_told_and_gets_no_secret() {
    let places = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (agent, other) = (Agent::start(places.0.path()).await, Agent::start(places.1.path()).await);
    let folder = folder(&other.url());
    let code = agent.code(NUMBER_ONE).await;
    let output = enrol(folder.path(), &code).await;
    assert_failed(folder.path(), &output, "not the one that this code was made for");
    fs::remove_dir_all(folder.path().join("data")).unwrap_or_default();
    let text = fs::read_to_string(folder.path().join("till.toml")).unwrap();
    fs::write(folder.path().join("till.toml"), text.replace(&other.url(), &agent.url())).unwrap();
    assert!(enrol(folder.path(), &code).await.status.success(), "the code is as good as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_away_is_told() {
    let place = tempfile::tempdir().unwrap();
    let code = Agent::start(place.path()).await.code(NUMBER_ONE).await;
    let folder = folder("https://127.0.0.1:1");
    assert_failed(folder.path(), &enrol(folder.path(), &code).await, "did not answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_a_back_office_makes_no_till() {
    let place = tempfile::tempdir().unwrap();
    let agent = Agent::start(place.path()).await;
    let folder = folder(&agent.url());
    let output = enrol(folder.path(), &agent.code(Kind::Office).await).await;
    assert_failed(folder.path(), &output, "made for a back office, not for a till");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_is_enrolled_again_keeps_its_device_and_one_at_work_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let agent = Agent::start(place.path()).await;
    let folder = folder(&agent.url());
    assert!(enrol(folder.path(), &agent.code(NUMBER_ONE).await).await.status.success());
    let config = Config::read(&folder.path().join("till.toml")).unwrap();
    let first = config.identity().unwrap().unwrap();
    let till = Running::start(&config, first.clone()).await.unwrap();
    let again = agent.code(NUMBER_ONE).await;
    let output = enrol(folder.path(), &again).await;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("end the till that runs"), "{stderr}");
    till.stop().await;
    let freed = async || enrol(folder.path(), &again).await.status.success();
    until("the database to be free", freed).await;
    let next = Identity::read(&identity_file(folder.path())).unwrap();
    let (old, new) = (&first.certified().subject, &next.certified().subject);
    assert_eq!((new.device, new.generation), (old.device, old.generation + 1));
}
