//! `strace`: what a process asks of the system, and death at a chosen call.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Not worth dying at: before it nothing of the program runs.
const BEFORE_THE_PROGRAM: &str = "execve";
/// SIGKILL.
const KILL: i32 = 9;

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

fn under(options: &[&str], program: &Command) -> Output {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options).arg(program.get_program()).args(program.get_args());
    command.stdin(Stdio::null()).output().unwrap()
}
