//! `cargo xtask demo` as other programs drive it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use xtask::client::Client;
use xtask::demo::{Kind, Program, Report};

use crate::eventually::{holds, within};
use crate::stage::{list, sell};

/// Started with others beside it on two cores.
const READY: Duration = Duration::from_secs(90);
/// A restart takes a second and the program's own start.
const RESTARTED: Duration = Duration::from_secs(15);
/// All programs asked to end, one after the other at worst.
const STOPPED: Duration = Duration::from_secs(20);

struct Demo {
    process: Child,
    report: Report,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["demo", "--no-build", "--headless", "--json"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let report = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        Self { process, report }
    }

    fn report_file(&self) -> PathBuf {
        self.report.data.join("demo.json")
    }

    fn program(&self, kind: Kind) -> &Program {
        self.report.programs.iter().find(|program| program.kind == kind).unwrap()
    }

    fn signal(&mut self, signal: &str) {
        signal_process(signal, self.process.id());
        let process = &mut self.process;
        holds(STOPPED, "the demo to end", || process.try_wait().unwrap().is_some());
    }
}

fn signal_process(signal: &str, pid: u32) {
    let status = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status().unwrap();
    assert!(status.success());
}

fn runs(pid: u32) -> bool {
    // A zombie no longer runs; who should reap it may be gone.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

fn client(program: &Program) -> Client {
    Client::new(&program.http, &program.token)
}

fn read(file: &Path) -> Option<Report> {
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

#[test]
fn the_demo_reports_itself_restarts_what_dies_and_leaves_nothing_running() {
    let mut demo = Demo::start(&["--stations", "2"]);
    assert_eq!(demo.report.programs.len(), 5);
    assert_eq!(read(&demo.report_file()), Some(demo.report.clone()));
    for program in demo.report.programs.iter().filter(|program| program.kind == Kind::Till) {
        sell(&client(program), "CD1001", "10");
    }

    for kind in [Kind::Till, Kind::Station, Kind::Hq] {
        let before = demo.program(kind).clone();
        signal_process("KILL", before.pid);
        let after = within(RESTARTED, "a restart in the report", || {
            let programs = read(&demo.report_file())?.programs;
            programs.into_iter().find(|program| program.http == before.http && program.pid != before.pid)
        });
        assert_eq!(Program { pid: before.pid, ..after.clone() }, before, "all but the pid stays");
        let client = client(&after);
        holds(READY, "the restarted program to be ready", || {
            client.get("/readyz").is_ok_and(|answer| answer.is_success())
        });
    }
    assert_eq!(list(&client(demo.program(Kind::Till)), "/sales").len(), 1);

    let last = read(&demo.report_file()).unwrap();
    demo.signal("TERM");
    for program in &last.programs {
        assert!(!runs(program.pid), "{program:?} still runs");
    }
    assert!(!demo.report.data.exists(), "the temporary folder is gone");
}

#[test]
fn two_demos_run_side_by_side_and_a_killed_one_takes_its_programs_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("kept");
    let mut killed = Demo::start(&["--data", data.to_str().unwrap()]);
    let mut other = Demo::start(&["--terminals", "2"]);
    let sale = sell(&client(killed.program(Kind::Till)), "CD1001", "12.5");
    killed.signal("KILL");
    for program in &killed.report.programs {
        holds(STOPPED, "a program to end with its demo", || !runs(program.pid));
    }
    assert!(other.report.programs.iter().all(|program| runs(program.pid)), "the other goes on");

    let mut again = Demo::start(&["--data", data.to_str().unwrap()]);
    let sales = list(&client(again.program(Kind::Till)), "/sales");
    assert_eq!(sales.len(), 1);
    assert_eq!(sales[0]["saleId"], sale.as_str());
    again.signal("INT");
    assert!(data.exists(), "a folder that was asked for is kept");
    other.signal("INT");
}
