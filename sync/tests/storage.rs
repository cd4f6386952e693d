//! A disk that is full and a file that is damaged, at run time.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use sync::life::{StoreMark, StoreNote};
use sync::node::StreamCut;
use sync::store::sqlite::{Fault, check_whole, open_reader};
use sync::store::{Commit, Store as _, StreamRow};
use sync::{SqliteStore, StoreError};
use sync_proto::engine::receiver::Head;
use sync_proto::rows::Table as _;
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, Incarnation, Origin, Role, Seq, StationCode, StreamId, TerminalNo,
};

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, &sync::migrations(&[]), &[StoreMark::SPEC, StoreNote::SPEC, StreamCut::SPEC])
}

fn stream() -> StreamId {
    StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) }
}

/// A commit that appends one entry of `len` bytes.
fn next(store: &mut SqliteStore, len: usize, essential: bool) -> Commit {
    let id = stream();
    let known = store.stream(&id).unwrap();
    let head = known.as_ref().map_or(Head { seq: Seq::NONE, hash: ChainHash::genesis(&id) }, |row| row.head);
    let station = StationCode::new("ST0001").unwrap();
    let origin = Origin { station, device: id.device, role: Role::Terminal, terminal: Some(TerminalNo(1)) };
    let bytes = vec![b'x'; len];
    let entry =
        Entry { key: EntryKey { stream: id, seq: head.seq.next() }, hash: head.hash.chain(&bytes), bytes };
    let streams = if known.is_none() { vec![StreamRow::new(id, origin, true)] } else { Vec::new() };
    Commit { at_ms: 5, essential, streams, append: vec![entry], ..Commit::default() }
}

fn append(store: &mut SqliteStore, len: usize, essential: bool) -> Result<(), StoreError> {
    let commit = next(store, len, essential);
    store.commit(&commit)
}

/// Runs the test `name` of this file again in a namespace where `mib` MiB of memory are a disk of their own, which
/// `JUYU_SMALL_DISK` names. Returns the disk inside, `None` outside.
fn on_a_small_disk(name: &str, mib: u32) -> Option<std::path::PathBuf> {
    if let Some(disk) = std::env::var_os("JUYU_SMALL_DISK") {
        return Some(disk.into());
    }
    let folder = tempfile::tempdir().unwrap();
    let script =
        "mount -t tmpfs -o size=\"$1\"m tmpfs \"$2\" || exit 77; exec \"$3\" --exact \"$4\" --nocapture";
    let inside = Command::new("unshare")
        .args(["-Urm", "sh", "-c", script, "sh"])
        .arg(mib.to_string())
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env("JUYU_SMALL_DISK", folder.path())
        .output();
    match inside {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("1 passed"), "{said}");
        }
        Ok(output) if output.status.code() != Some(77) && output.status.code() != Some(1) => {
            let said = String::from_utf8_lossy(&output.stdout);
            let complained = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}{complained}");
        }
        _ => {
            assert!(std::env::var_os("CI").is_none(), "skipped: needs user namespaces");
            eprintln!("skipped: needs user namespaces");
        }
    }
    None
}

/// Fills the disk to its last byte.
fn fill(disk: &Path) -> std::path::PathBuf {
    let path = disk.join("filler");
    let mut file = std::fs::File::create(&path).unwrap();
    for len in [1 << 20, 4_096, 1] {
        while file.write_all(&vec![0; len]).is_ok() {}
    }
    path
}

#[test]
fn r32_on_a_full_disk_a_sale_is_refused_whole_and_what_is_essential_goes_on() {
    let name = "r32_on_a_full_disk_a_sale_is_refused_whole_and_what_is_essential_goes_on";
    let Some(disk) = on_a_small_disk(name, 32) else { return };
    let path = disk.join("till.db");
    let mut store = open(&path).unwrap();
    store.hold_reserve();
    append(&mut store, 500, false).unwrap();
    let filler = fill(&disk);

    let mut sold = 0u64;
    let why = loop {
        match append(&mut store, 500, false) {
            Ok(()) => sold += 1,
            Err(why) => break why,
        }
        assert!(sold < 100_000, "the disk is never full");
    };
    assert!(why.is_disk_full(), "{why}");
    let head = store.stream(&stream()).unwrap().unwrap().head.seq;
    assert_eq!(head, Seq(sold + 1), "refused whole");
    // The room that was kept is for these, and no sale takes it.
    let mut was_away = false;
    for _ in 0..2_000 {
        append(&mut store, 500, true).unwrap();
        sold += 1;
        if !store.has_reserve() {
            was_away = true;
            match append(&mut store, 500, false) {
                Ok(()) => {
                    assert!(store.has_reserve(), "a sale took room that was kept");
                    sold += 1;
                }
                Err(why) => assert!(why.is_disk_full(), "{why}"),
            }
        }
    }
    assert!(was_away, "the room was never needed");
    assert!(store.faults().borrow().is_none(), "a full disk needs no restart");

    std::fs::remove_file(filler).unwrap();
    let again = std::time::Instant::now();
    while !store.refill_reserve() {
        assert!(again.elapsed().as_secs() < 20, "the reserve never comes back");
        std::thread::yield_now();
    }
    append(&mut store, 500, false).unwrap();
    drop(store);
    drop(open(&path).unwrap());
    let found = check_whole(&open_reader(&path).unwrap()).unwrap();
    assert!(found.is_well(), "{}", found.summary());
    assert_eq!(found.entry_count, sold + 2);
}

#[test]
fn a_file_that_turns_out_damaged_ends_the_writing_and_is_looked_at_whole_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("till.db");
    let mut store = open(&path).unwrap();
    for _ in 0..200 {
        append(&mut store, 3_000, false).unwrap();
    }
    store.checkpoint().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let len = file.metadata().unwrap().len();
    for page in 3..len / 4_096 {
        file.write_all_at(&[0xa5; 64], page * 4_096).unwrap();
    }
    // What the writer still has of it in memory is not the file any more.
    store.connection().execute_batch("PRAGMA shrink_memory").unwrap();
    let why = store.entries(&stream(), Seq(1), u32::MAX, usize::MAX).unwrap_err();
    let told = store.faults().borrow().clone();
    assert!(matches!(told, Some(Fault::Damaged(_))), "{why}: {told:?}");
    let commit = Commit { at_ms: 6, ..Commit::default() };
    assert!(matches!(store.commit(&commit), Err(StoreError::Halted(_))));
    drop(store);
    let why = open(&path).unwrap_err();
    assert!(matches!(why, StoreError::Damaged(_)), "{why}");
}

#[test]
fn a_distrusted_file_that_is_whole_is_trusted_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("till.db");
    let mut store = open(&path).unwrap();
    append(&mut store, 500, false).unwrap();
    drop(store);
    let distrust = folder.path().join("till.distrust");
    std::fs::write(&distrust, b"").unwrap();
    drop(open(&path).unwrap());
    assert!(!distrust.exists());
}
