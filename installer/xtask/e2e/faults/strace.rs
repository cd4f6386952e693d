//! `strace`: what a process asks of the system, and death at a chosen call.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use xtask::demo::terminate;

use crate::eventually::holds;

/// Not worth dying at: before it nothing of the program runs.
const BEFORE_THE_PROGRAM: &str = "execve";
/// SIGKILL.
const KILL: i32 = 9;
/// Stopping each thread once.
const ATTACHED_WITHIN: Duration = Duration::from_secs(10);

/// Calls that change what is on the disk, or tell somebody that something is done.
pub const CHANGING: [&str; 9] =
    ["pwrite64", "write", "fsync", "fdatasync", "ftruncate", "fallocate", "unlink", "rename", "mkdir"];

/// How often a program makes each call.
pub fn calls(program: &mut Command) -> BTreeMap<String, u64> {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let output = under(&["-o", &trace.path().to_string_lossy()], program);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut calls = BTreeMap::new();
    for line in fs::read_to_string(trace.path()).unwrap().lines() {
        // `21402 pwrite64(5, ...`
        let Some((name, _)) = line.split_once(' ').and_then(|(_, call)| call.trim_start().split_once('('))
        else {
            continue;
        };
        if name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
            && name != BEFORE_THE_PROGRAM
        {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

/// Runs a program that dies instead of making its `nth` call of that name, and returns what it had said; fails when it did not die.
pub fn killed_at(program: &mut Command, call: &str, nth: u64) -> String {
    let output = injected(program, call, &format!("signal=KILL:when={nth}"));
    assert_eq!(output.status.signal(), Some(KILL), "I8: it was to die at {call} {nth}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a program of which some calls go wrong.
pub fn injected(program: &mut Command, call: &str, how: &str) -> Output {
    under(
        &["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &format!("inject={call}:{how}")],
        program,
    )
}

/// Every change of the disk by a program, and every line that it says, with their bytes.
pub fn recorded(program: &mut Command, trace: &Path) -> Output {
    let calls = "trace=openat,pwrite64,write,fdatasync,fsync,ftruncate,fallocate,unlink,rename,mkdir";
    under(&["-y", "-xx", "-s", "10000000", "-e", calls, "-o", &trace.to_string_lossy()], program)
}

/// Holds on to a running program and makes its calls go wrong; lets go when it is dropped.
pub struct Attached {
    strace: Child,
}

impl Attached {
    /// `how` as `strace` says it: `signal=KILL:when=3`, `error=EIO`, `delay_exit=1s`.
    pub fn to(pid: u32, call: &str, how: &str) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
        command.args(["-e", &format!("inject={call}:{how}"), "-p", &pid.to_string()]);
        let strace = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        holds(ATTACHED_WITHIN, "strace to hold every thread", || every_thread_is_traced(pid));
        Self { strace }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // Asked to end, it lets the program go; killed, it would leave it stopped.
        let _ = terminate(self.strace.id());
        let _ = self.strace.wait();
    }
}

/// Also true when the program is gone: the call was made before all were held.
fn every_thread_is_traced(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    threads.map_while(Result::ok).all(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() != "0"))
    })
}

fn under(options: &[&str], program: &Command) -> Output {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options).arg(program.get_program()).args(program.get_args());
    command.stdin(Stdio::null()).output().unwrap()
}
