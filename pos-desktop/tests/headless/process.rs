//! The program as it is started.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::fixture::till_identity;

fn folder(addr: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    till_identity().write(&folder.path().join("till.json")).unwrap();
    fs::write(folder.path().join("token"), "a-token\n").unwrap();
    write_config(folder.path(), addr, "");
    folder
}

fn write_config(folder: &Path, addr: &str, more: &str) {
    let text = format!(
        "data_dir = {:?}\nidentity_file = {:?}\nagent_url = \"https://127.0.0.1:1\"\n{more}\
         [local_api]\naddr = \"{addr}\"\ntoken_file = {:?}\n",
        folder.join("data"),
        folder.join("till.json"),
        folder.join("token")
    );
    fs::write(folder.join("till.toml"), text).unwrap();
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pos-desktop"));
    command.arg("--config").arg(folder.join("till.toml")).args(arguments);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("RUST_LOG");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Ends the till when a test fails before it does.
struct Till(Child);

impl Drop for Till {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a till and waits until it says that it is at work.
fn start(folder: &Path) -> Till {
    let mut child = command(folder, &["--headless"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("the till is at work") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the till ended early");
    }
    Till(child)
}

fn assert_one_line(output: &Output, code: i32, expected: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn a_second_till_on_one_data_folder_is_refused() {
    let folder = folder("127.0.0.1:0");
    let _first = start(folder.path());
    assert_one_line(&run(folder.path(), &["--headless"]), 1, "another process has");
}

#[test]
fn a_till_stops_when_it_is_asked_to() {
    let folder = folder("127.0.0.1:0");
    let mut till = start(folder.path());
    let asked = Command::new("kill").args(["-TERM", &till.0.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert_eq!(till.0.wait().unwrap().code(), Some(0));
}

#[test]
fn an_unknown_key_ends_the_program_with_a_line_that_names_it() {
    let folder = folder("127.0.0.1:0");
    write_config(folder.path(), "127.0.0.1:0", "colour = \"red\"\n");
    for arguments in [&["--headless"][..], &["--check-config"], &[]] {
        assert_one_line(&run(folder.path(), arguments), 2, "`colour`");
    }
}

#[test]
fn a_local_api_that_others_could_reach_is_refused() {
    for addr in ["0.0.0.0:7200", "[::]:7200", "10.0.0.2:7200"] {
        let folder = folder(addr);
        assert_one_line(&run(folder.path(), &["--headless"]), 2, "not on the loopback interface");
    }
}

#[test]
fn a_configuration_in_order_is_said_to_be_and_nothing_is_written() {
    let folder = folder("127.0.0.1:0");
    assert_one_line(&run(folder.path(), &["--check-config"]), 0, "in order");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let folder = folder(&addr);
    assert_one_line(&run(folder.path(), &["--headless"]), 1, &addr);
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let folder = folder("127.0.0.1:0");
    fs::write(folder.path().join("data"), "a file").unwrap();
    assert_one_line(&run(folder.path(), &["--headless"]), 1, "data");
}

#[test]
fn a_window_without_a_display_says_so() {
    let folder = folder("127.0.0.1:0");
    assert_one_line(&run(folder.path(), &[]), 1, "--headless");
}

fn leave(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pos-desktop"));
    command.args(["leave", "--config"]).arg(folder.join("till.toml")).args(arguments);
    command.env_remove("RUST_LOG").output().unwrap()
}

#[test]
fn r17_a_till_does_not_leave_while_entries_are_pending_and_exports_them_on_an_override() {
    let folder = folder("127.0.0.1:0");
    let (identity, file) = (folder.path().join("till.json"), folder.path().join("unsent"));
    let path = file.to_str().unwrap();
    let said = |output: &Output| String::from_utf8(output.stderr.clone()).unwrap();
    let running = start(folder.path());
    assert!(said(&leave(folder.path(), &[])).contains("end the till first"));
    // Ending it always works, whatever is pending.
    drop(running);
    let refused = leave(folder.path(), &[]);
    assert!(!refused.status.success());
    assert!(said(&refused).contains("entries have not reached head office"), "{}", said(&refused));
    let unsaid = leave(folder.path(), &["--override-pending", "--reason", " ", "--export", path]);
    assert!(said(&unsaid).contains("a reason of 1 to 200"), "{}", said(&unsaid));
    assert!(identity.exists() && !file.exists());

    let left = leave(folder.path(), &["--override-pending", "--reason", "new computer", "--export", path]);
    assert!(left.status.success(), "{}", said(&left));
    assert!(!identity.exists() && folder.path().join("data/till.db").exists());
    let carried = sync::carry::Carried::read(&file).unwrap();
    assert!(carried.entry_count() >= 2, "the journal's beginning, and who went on");
    assert!(said(&leave(folder.path(), &[])).contains("not enrolled"));
}
