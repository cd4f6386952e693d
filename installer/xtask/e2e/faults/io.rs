//! A disk that says no: full, read-only, failing, short. A till refuses or stores whole, and goes on when the disk does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Instant;

use super::case::{Case, either};
use super::drill::{Snapshot, drill, lines, path, sells_on, sold, till_with};
use super::inside::{inside_namespaces, shell};
use super::shop;
use super::strace::{calls, injected};

/// Reads are many and alike: every how many one fails.
const READ_STRIDE: u64 = 8;

/// Makes the `nth` call go wrong in two sales, for each `nth`; then the disk is well again.
fn goes_wrong_once(case: &mut Case, kinds: &[(&str, &str)]) {
    let (folder, before) = till_with(2);
    let folder = folder.path();
    let snapshot = Snapshot::of(folder);
    let sell = || drill(&["sell", &path(folder), "2"]);
    let counts = calls(&mut sell());
    for (call, how) in kinds {
        let count = counts.get(*call).copied().unwrap_or_default();
        let stride = if call.starts_with("pread") { either(READ_STRIDE, 1) } else { 1 };
        for nth in (1..=count).step_by(usize::try_from(stride).unwrap()) {
            case.run(&format!("{call} {nth}: {how}"), |case| {
                snapshot.put_back();
                let output = injected(&mut sell(), call, &format!("{how}:when={nth}"));
                let said = sold(&lines(&String::from_utf8(output.stdout).unwrap()));
                assert!(output.status.success() || said.len() < 2, "it failed after it had sold everything");
                let sale = sells_on(case, folder);
                let (_, shop) = shop::open(folder);
                shop.holds(&[before.clone(), said, vec![sale]].concat(), 1);
            });
        }
    }
}

#[test]
fn r32_a_till_whose_disk_is_full_at_any_write_keeps_what_it_confirmed() {
    let mut case = Case::new("disk-full-write");
    goes_wrong_once(
        &mut case,
        &[("pwrite64", "error=ENOSPC"), ("write", "error=ENOSPC"), ("ftruncate", "error=ENOSPC")],
    );
    case.end();
}

#[test]
fn r1_a_till_whose_disk_fails_at_any_sync_keeps_what_it_confirmed() {
    let mut case = Case::new("eio-sync");
    goes_wrong_once(
        &mut case,
        &[("fsync", "error=EIO"), ("fdatasync", "error=EIO"), ("pwrite64", "error=EIO")],
    );
    case.end();
}

#[test]
fn r1_a_till_whose_disk_turns_read_only_keeps_what_it_confirmed() {
    let mut case = Case::new("read-only-write");
    goes_wrong_once(
        &mut case,
        &[
            ("pwrite64", "error=EROFS"),
            ("openat", "error=EROFS"),
            ("unlink", "error=EROFS"),
            ("rename", "error=EROFS"),
        ],
    );
    case.end();
}

#[test]
fn r1_a_till_whose_reads_fail_or_are_short_keeps_what_it_confirmed() {
    let mut case = Case::new("short-read");
    goes_wrong_once(&mut case, &[("pread64", "error=EIO"), ("pread64", "retval=0"), ("read", "error=EIO")]);
    case.end();
}

#[test]
fn r1_a_till_whose_writes_are_cut_short_keeps_what_it_confirmed() {
    let mut case = Case::new("short-write");
    let (folder, before) = till_with(2);
    let folder = folder.path();
    let snapshot = Snapshot::of(folder);
    // No file may grow beyond this: the write that reaches it is cut short, the next one fails.
    let blocks_max = 220;
    for blocks in (1..blocks_max).step_by(either(6, 1)) {
        case.run(&format!("files of at most {blocks} half kilobytes"), |case| {
            snapshot.put_back();
            let program = drill(&["sell", &path(folder), "2"]);
            let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
            let mut limited = Command::new("sh");
            limited.args(["-c", &script, "sh"]).arg(program.get_program()).args(program.get_args());
            let output = limited.stdin(Stdio::null()).output().unwrap();
            let said = sold(&lines(&String::from_utf8(output.stdout).unwrap()));
            let sale = sells_on(case, folder);
            let (_, shop) = shop::open(folder);
            shop.holds(&[before.clone(), said, vec![sale]].concat(), 1);
        });
    }
    case.end();
}

/// A till that sells one for each line that it is sent.
struct Paced {
    child: Child,
    ask: ChildStdin,
    answers: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Paced {
    fn start(folder: &Path) -> Self {
        let mut child = drill(&["sell", &path(folder), "1000000", "paced"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ask = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, ask, answers }
    }

    /// The sale, or why not.
    fn sell(&mut self) -> Result<String, String> {
        self.ask.write_all(b"\n").unwrap();
        let line = self.answers.next().expect("the till ended").unwrap();
        line.strip_prefix("sold ").map(str::to_owned).ok_or(line)
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn r32_a_till_on_a_full_disk_refuses_whole_and_sells_on_when_there_is_room() {
    if !inside_namespaces(
        "faults::io::r32_a_till_on_a_full_disk_refuses_whole_and_sells_on_when_there_is_room",
    ) {
        return;
    }
    let mut case = Case::new("disk-full");
    for kib in [700, 900, 1100, 1300, 1500].into_iter().take(either(3, 5)) {
        case.run(&format!("a disk of {kib} KiB"), |case| {
            let folder = tempfile::tempdir().unwrap();
            let place = path(folder.path());
            shell(&format!("mount -t tmpfs -o size={kib}k none {place}"));
            let mut till = Paced::start(folder.path());
            let (mut sold, mut refused) = (vec![till.sell().unwrap()], 0);
            shell(&format!(
                "dd if=/dev/zero of={place}/ballast bs=1k count={} 2>/dev/null || true",
                kib - 560
            ));
            // The log grows until nothing more fits.
            while refused < 3 && sold.len() < 2_000 {
                match till.sell() {
                    Ok(sale) => sold.push(sale),
                    Err(_) => refused += 1,
                }
            }
            assert_eq!(refused, 3, "I8: the disk was to be full");
            let (_, shop) = shop::open(folder.path());
            shop.holds(&sold, 0);
            shell(&format!("rm {place}/ballast"));
            let begin = Instant::now();
            sold.push(till.sell().expect("there is room again, and no restart is needed"));
            case.sold_again(begin);
            drop(till);
            sold.push(sells_on(case, folder.path()));
            shop::open(folder.path()).1.holds(&sold, 0);
            shell(&format!("umount -l {place}"));
        });
    }
    case.end();
}

#[test]
fn r32_a_till_on_a_read_only_disk_says_so_and_sells_when_it_may_write() {
    if !inside_namespaces("faults::io::r32_a_till_on_a_read_only_disk_says_so_and_sells_when_it_may_write") {
        return;
    }
    let mut case = Case::new("read-only");
    case.run("remounted while it is off", |case| {
        let folder = tempfile::tempdir().unwrap();
        let place = path(folder.path());
        shell(&format!("mount -t tmpfs none {place}"));
        let mut sold = vec![sells_on(case, folder.path())];
        shell(&format!("mount -o remount,ro {place}"));
        let output = drill(&["sell", &place, "1"]).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "it cannot have sold: {output:?}");
        assert!(!output.stderr.is_empty(), "it says why");
        shell(&format!("mount -o remount,rw {place}"));
        sold.push(sells_on(case, folder.path()));
        shop::open(folder.path()).1.holds(&sold, 0);
        shell(&format!("umount -l {place}"));
    });
    case.end();
}
