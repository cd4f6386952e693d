//! The program as a process: exit codes, one line on stderr, signals.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use sync::device::DeviceFile;
use sync_proto::{Role, StationCode};

fn config(folder: &Path, http_addr: &str, data_dir: &str) -> String {
    std::fs::write(folder.join("token"), "0123456789abcdef0123456789abcdef\n").unwrap();
    let file = folder.join("agent.device.json");
    if !file.exists() {
        DeviceFile::mint(StationCode::new("ST0001").unwrap(), Role::Agent, None)
            .unwrap()
            .write(&file)
            .unwrap();
    }
    format!(
        "data_dir = '{0}/{data_dir}'\nhttp_addr = '{http_addr}'\napi_token_file = '{0}/token'\n\
         device_file = '{0}/agent.device.json'\nhq_mqtt = '127.0.0.1:9'\n\
         [station]\ncode = 'ST0001'\nname = 'SK Imme'\naddress = 'SK Imme Station'\n",
        folder.display()
    )
}

fn command(folder: &Path, name: &str, text: &str, arguments: &[&str]) -> Command {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_station-agent"));
    let (verb, rest) = arguments.split_first().unwrap();
    command.arg(verb).arg("--config").arg(path).args(rest).env_remove("RUST_LOG");
    command
}

fn run(folder: &Path, name: &str, text: &str, arguments: &[&str]) -> Output {
    command(folder, name, text, arguments).output().unwrap()
}

/// A running agent and where it listens, once it does.
fn start(folder: &Path, text: &str) -> (Child, String) {
    let mut child = command(folder, "agent.toml", text, &["run"]).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = lines.map(Result::unwrap).find(|line| line.contains("station agent is ready")).unwrap();
    let addr = ready.split("addr=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    (child, addr)
}

fn stop(mut child: Child, signal: &str) -> Option<i32> {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap().code()
}

fn one_line(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn a_configuration_with_an_unknown_key_exits_2_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("colour = 1\n{}", config(folder.path(), "127.0.0.1:0", "data"));
    for arguments in [&["run"][..], &["run", "--check-config"], &["enrol", "--terminal", "1", "--out", "x"]] {
        let output = run(folder.path(), "bad.toml", &text, arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(one_line(&output).contains("unknown field `colour`"));
    }
    let good = config(folder.path(), "127.0.0.1:0", "data");
    assert!(run(folder.path(), "good.toml", &good, &["run", "--check-config"]).status.success());
    assert!(!folder.path().join("data").exists(), "checking opens nothing");
}

#[test]
fn what_cannot_be_opened_exits_1_with_one_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let on_taken_port = config(folder.path(), &addr, "a");
    let in_a_file = config(folder.path(), "127.0.0.1:0", "token/data");
    let no_token = config(folder.path(), "127.0.0.1:0", "b").replace("/token'", "/no-token'");
    let no_device = config(folder.path(), "127.0.0.1:0", "c").replace("agent.device.json", "none.json");
    let elsewhere = config(folder.path(), "127.0.0.1:0", "d").replace("'ST0001'", "'ST0002'");
    for (text, said) in [
        (on_taken_port, addr.as_str()),
        (in_a_file, "token/data"),
        (no_token, "no-token"),
        (no_device, "hq-server enrol"),
        (elsewhere, "ST0002"),
    ] {
        let output = run(folder.path(), "agent.toml", &text, &["run"]);
        // The log of the link may stand beside it.
        let stderr = String::from_utf8(output.stderr.clone()).unwrap();
        let line = stderr.lines().find(|line| line.starts_with("station-agent: ")).unwrap();
        assert!(line.contains(said), "{line}");
        assert_eq!(output.status.code(), Some(1), "{line}");
    }
}

#[test]
fn a_second_process_on_the_same_folder_is_refused_and_the_first_stops_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let text = config(folder.path(), "127.0.0.1:0", "data");
    for signal in ["-TERM", "-INT"] {
        let (first, addr) = start(folder.path(), &text);
        let second = run(folder.path(), "second.toml", &text, &["run"]);
        assert_eq!(second.status.code(), Some(1));
        assert!(one_line(&second).contains("another process has"));
        let out = folder.path().join(format!("till{signal}.json"));
        let running = text.replace("127.0.0.1:0", &addr);
        let arguments = ["enrol", "--terminal", "7", "--out", out.to_str().unwrap()];
        assert!(run(folder.path(), "enrol.toml", &running, &arguments).status.success());
        assert_eq!(DeviceFile::read(&out).unwrap().terminal.unwrap().0, 7);
        assert_eq!(stop(first, signal), Some(0), "{signal}");
    }
}
