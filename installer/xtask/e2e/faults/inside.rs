//! Namespaces of one's own: a test that mounts or breaks networks runs again inside them, as root of nothing else.

use std::process::{Command, Stdio};

use serde_json::json;
use xtask::faults::results;
use xtask::workspace;

/// Set for the copy inside.
const INSIDE: &str = "JUYU_FAULTS_INSIDE";
const NAMESPACES: &str = "user, network and mount namespaces of one's own (unshare -Urnm)";

/// Whether this is the copy inside. Outside it runs the test `name` there, and the caller has nothing left to do.
pub fn inside_namespaces(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        shell("ip link set lo up");
        return true;
    }
    let offered = Command::new("unshare").args(["-Urnm", "true"]).stderr(Stdio::null()).status();
    if !offered.is_ok_and(|status| status.success()) {
        skip(name);
        return false;
    }
    let status = Command::new("unshare")
        .args(["-Urnm", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{name} failed inside its namespaces: {status}");
    false
}

/// Runs a script that must do what it says.
pub fn shell(script: &str) {
    let output = Command::new("sh").args(["-ec", script]).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Said, and under CI a failure.
fn skip(name: &str) {
    println!("skipped: needs {NAMESPACES}");
    assert!(std::env::var_os("CI").is_none(), "under CI a skip is a failure: {NAMESPACES}");
    let row = json!({"skipped": NAMESPACES});
    let file = format!("{}.json", xtask::faults::name_of(name).unwrap_or(name));
    workspace::write(&results().join(file), &row.to_string()).unwrap();
}
