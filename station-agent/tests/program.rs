//! The program as a process: exit codes, one line on stderr, signals.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use station_api::enrolment::{self, Applicant};
use sync_identity::standin::StandIn;
use sync_identity::{Identity, Kind, Validity};
use sync_proto::{DeviceId, StationCode, TerminalNo};

/// From 2001 until 2096: whatever the clock of the machine says.
const LONG: Validity = Validity { from_ms: 1_000_000_000_000, until_ms: 4_000_000_000_000 };

fn config(folder: &Path, http_addr: &str, data_dir: &str) -> String {
    std::fs::write(folder.join("token"), "0123456789abcdef0123456789abcdef\n").unwrap();
    if !folder.join("agent.json").exists() {
        let chain = StandIn::make(LONG).unwrap();
        let agent = chain.agent(&StationCode::new("ST0001").unwrap(), DeviceId([1; 16])).unwrap();
        agent.write(&folder.join("agent.json")).unwrap();
        let till = chain.of_station(&agent, Kind::Till(TerminalNo(1)), DeviceId([2; 16])).unwrap();
        till.write(&folder.join("till.json")).unwrap();
    }
    format!(
        "data_dir = '{0}/{data_dir}'\nhttp_addr = '{http_addr}'\nlan_addr = '127.0.0.1:0'\n\
         api_token_file = '{0}/token'\nidentity_file = '{0}/agent.json'\n\
         hq_mqtt = '127.0.0.1:9'\nhq_link = '127.0.0.1:9'\n\
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

/// A running agent with its two addresses, once it listens.
fn start(folder: &Path, text: &str) -> (Child, String, String) {
    let mut child = command(folder, "agent.toml", text, &["run"]).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = lines.map(Result::unwrap).find(|line| line.contains("station agent is ready")).unwrap();
    let addr = |key: &str| ready.split(key).nth(1).unwrap().split(' ').next().unwrap().to_owned();
    (child, addr(" addr="), addr(" lan_addr="))
}

fn stop(mut child: Child, signal: &str) -> Option<i32> {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap().code()
}

fn enrolled(lan_addr: &str, code: &str) -> Identity {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("https://{lan_addr}");
    runtime.block_on(enrolment::enrol(&url, code, Applicant::OfStation, None)).unwrap().0
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
    for arguments in [
        &["run"][..],
        &["run", "--check-config"],
        &["enrol", "CODE"],
        &["code", "--office"],
        &["revoke", "--device", "x", "--reason", "y"],
    ] {
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
    let of_a_till = config(folder.path(), "127.0.0.1:0", "c").replace("/agent.json", "/till.json");
    let elsewhere = config(folder.path(), "127.0.0.1:0", "d").replace("'ST0001'", "'ST0002'");
    let damaged = config(folder.path(), "127.0.0.1:0", "e").replace("/agent.json", "/token");
    let lan_taken = config(folder.path(), "127.0.0.1:0", "f");
    let lan_taken = lan_taken.replace("lan_addr = '127.0.0.1:0'", &format!("lan_addr = '{addr}'"));
    for (text, said) in [
        (on_taken_port, addr.as_str()),
        (in_a_file, "token/data"),
        (no_token, "no-token"),
        (of_a_till, "till-01 at station ST0001"),
        (elsewhere, "ST0002"),
        (damaged, "enrol the device again"),
        (lan_taken, "lan_addr"),
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
        let (first, addr, lan_addr) = start(folder.path(), &text);
        let second = run(folder.path(), "second.toml", &text, &["run"]);
        assert_eq!(second.status.code(), Some(1));
        assert!(one_line(&second).contains("another process has"));
        let running = text.replace("http_addr = '127.0.0.1:0'", &format!("http_addr = '{addr}'"));
        let opened = run(folder.path(), "code.toml", &running, &["code", "--terminal", "7"]);
        let till = enrolled(&lan_addr, String::from_utf8(opened.stdout).unwrap().trim());
        let subject = &till.certified().subject;
        assert_eq!(subject.kind, Kind::Till(TerminalNo(7)));
        let device = subject.device.to_hex();
        let arguments = ["revoke", "--device", &device, "--reason", "the till was stolen"];
        assert!(run(folder.path(), "code.toml", &running, &arguments).status.success());
        assert_eq!(stop(first, signal), Some(0), "{signal}");
    }
}

fn journal(folder: &Path, verb: &str, file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_station-agent"));
    command.args(["journal", verb, "--config"]).arg(folder.join("agent.toml")).arg(file);
    command.env_remove("RUST_LOG").output().unwrap()
}

/// What it says on stderr beside its log.
fn said(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.lines().find(|line| line.starts_with("station-agent: ")).unwrap_or_default().to_owned()
}

#[test]
fn r17_an_agent_does_not_leave_while_entries_are_pending_and_exports_them_on_an_override() {
    let folder = tempfile::tempdir().unwrap();
    let text = config(folder.path(), "127.0.0.1:0", "data");
    let identity = folder.path().join("agent.json");
    let file = folder.path().join("unsent");
    let path = file.to_str().unwrap();
    let (running, ..) = start(folder.path(), &text);
    let in_use = run(folder.path(), "agent.toml", &text, &["leave"]);
    assert!(said(&in_use).contains("another process has"), "{in_use:?}");
    assert_eq!(stop(running, "-TERM"), Some(0), "it always ends when it is told to, whatever is pending");

    let refused = run(folder.path(), "agent.toml", &text, &["leave"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("entries have not reached head office"), "{refused:?}");
    for incomplete in [
        &["leave", "--override-pending"][..],
        &["leave", "--override-pending", "--reason", "new disk"],
        &["leave", "--override-pending", "--export", path],
    ] {
        assert_eq!(
            run(folder.path(), "agent.toml", &text, incomplete).status.code(),
            Some(2),
            "{incomplete:?}"
        );
    }
    assert!(identity.exists() && !file.exists());
    let kept = folder.path().join("copy");
    assert!(journal(folder.path(), "export", &kept).status.success());
    assert!(!journal(folder.path(), "export", &kept).status.success(), "never over another file");

    let arguments = ["leave", "--override-pending", "--reason", "new disk", "--export", path];
    let left = run(folder.path(), "agent.toml", &text, &arguments);
    assert!(left.status.success(), "{left:?}");
    assert!(
        String::from_utf8(left.stdout).unwrap().contains("entries that had not reached head office are in")
    );
    assert!(!identity.exists() && file.exists() && folder.path().join("data/agent.db").exists());
    let again = run(folder.path(), "agent.toml", &text, &["leave"]);
    assert!(said(&again).contains("identity_file"), "{again:?}");
}

#[test]
fn r17_a_file_that_is_no_journal_or_of_a_stranger_is_not_imported_whether_the_agent_runs_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let text = config(folder.path(), "127.0.0.1:0", "data");
    let (running, addr, _) = start(folder.path(), &text);
    assert_eq!(stop(running, "-TERM"), Some(0));
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    assert!(journal(folder.path(), "export", &good).status.success());
    std::fs::write(&bad, "JUYUJRN1 and so on").unwrap();
    let refuses = |standing: &str| {
        for file in [&bad, &folder.path().join("none")] {
            let refused = journal(folder.path(), "import", file);
            assert_eq!(refused.status.code(), Some(1), "{standing}");
            assert!(said(&refused).contains("nothing was imported"), "{standing}: {refused:?}");
        }
        // No code enrolled this agent: only what the register knows is taken from a file.
        let unknown = journal(folder.path(), "import", &good);
        assert!(said(&unknown).contains("never enrolled here"), "{standing}: {unknown:?}");
    };
    refuses("it does not run");
    let text = text.replace("http_addr = '127.0.0.1:0'", &format!("http_addr = '{addr}'"));
    let (running, ..) = start(folder.path(), &text);
    refuses("it runs");
    assert_eq!(stop(running, "-TERM"), Some(0));
}
