//! A database that is not the one last open here begins a new life (R4), and its receipts a new series (R6).

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::path::Path;
use std::sync::Arc;

use sync::life::{self, StoreMark, StoreNote};
use sync::node::Beside;
use sync::{Draft, Node, SqliteStore, Store as _};
use sync_proto::fact::{FeedApplied, FeedScope, StreamOpened};
use sync_proto::project::All;
use sync_proto::rows::Table as _;
use sync_proto::{
    Decoded, DeviceId, Envelope, Fact, FeedVersion, Incarnation, Origin, Role, Seq, Stamp, StationCode,
    TerminalNo,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);

fn open_on(machine: &str, folder: &Path, life: u8) -> Node<SqliteStore> {
    let store = SqliteStore::open(
        &folder.join("till.db"),
        &sync::migrations(&[]),
        &[StoreMark::SPEC, StoreNote::SPEC],
    )
    .unwrap();
    let station = StationCode::new("ST0001").unwrap();
    let me =
        Origin { station, device: DeviceId([1; 16]), role: Role::Terminal, terminal: Some(TerminalNo(1)) };
    life::open_node(store, Arc::new(All(Vec::new())), me, machine, [life; 16], NOW).unwrap()
}

fn open(folder: &Path, life: u8) -> Node<SqliteStore> {
    open_on("this computer", folder, life)
}

fn record(node: &mut Node<SqliteStore>, count: u64) {
    for version in 1..=count {
        let scope = FeedScope::Chain;
        let (writer, version) = (Incarnation([3; 16]), FeedVersion(version));
        let draft = Draft::new(Fact::FeedApplied(FeedApplied { scope, writer, version }));
        node.record(NOW, None, &[draft], Beside::default()).unwrap();
    }
}

fn life_of(node: &Node<SqliteStore>) -> u8 {
    node.own_stream().incarnation.0[0]
}

/// What the first entry of the present life says.
fn opened(node: &mut Node<SqliteStore>) -> StreamOpened {
    let own = node.own_stream();
    let first = node.store().entries(&own, Seq(1), 1, usize::MAX).unwrap().remove(0);
    let Ok(Decoded::Known(envelope)) = Envelope::decode(&first.bytes) else { unreachable!() };
    let Fact::StreamOpened(opened) = envelope.fact else { unreachable!() };
    opened
}

fn alarm(node: &mut Node<SqliteStore>) -> Option<String> {
    let notes = life::notes(node.store().connection()).unwrap();
    notes.into_iter().find(|note| note.kind == "life" && note.well == 0).map(|note| note.detail)
}

/// Ends the process as a kill does: nothing is written back, the log stays beside the database.
fn killed(folder: &Path, node: Node<SqliteStore>) {
    let kept = tempfile::tempdir().unwrap();
    copy_folder(folder, kept.path());
    drop(node);
    for name in ["till.db", "till.db-wal"] {
        // Over the same file: which file it is stays as it was.
        std::fs::write(folder.join(name), std::fs::read(kept.path().join(name)).unwrap()).unwrap();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn r4_a_database_that_stays_where_it_is_keeps_its_life() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path(), 10);
    record(&mut node, 3);
    drop(node);
    let mut node = open(folder.path(), 11);
    record(&mut node, 3);
    killed(folder.path(), node);
    let mut node = open(folder.path(), 12);
    assert_eq!(life_of(&node), 10);
    assert_eq!(node.store().streams().unwrap()[0].head.seq, Seq(7));
    assert_eq!(alarm(&mut node), None);
}

#[test]
fn r4_an_older_copy_put_back_over_the_same_file_begins_a_new_life_that_cites_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path(), 10);
    record(&mut node, 3);
    drop(node);
    let old = std::fs::read(folder.path().join("till.db")).unwrap();
    let mut node = open(folder.path(), 11);
    record(&mut node, 50);
    drop(node);
    std::fs::write(folder.path().join("till.db"), old).unwrap();

    let mut node = open(folder.path(), 12);
    assert_eq!(life_of(&node), 12);
    let opened = opened(&mut node);
    assert_eq!(opened.why, "restored");
    assert_eq!((opened.previous, opened.previous_seq), (Some(Incarnation([10; 16])), Seq(4)));
    assert!(!opened.previous_hash.is_empty());
    assert!(alarm(&mut node).unwrap().contains("older copy"));
    // The old tail stays, beside what is recorded now.
    record(&mut node, 50);
    let heads: Vec<u64> = node.store().streams().unwrap().iter().map(|row| row.head.seq.0).collect();
    assert_eq!(heads, [4, 51]);
    drop(node);
    assert_eq!(life_of(&open(folder.path(), 13)), 12, "once, not at every start");
}

#[test]
fn r4_a_log_deleted_after_a_kill_is_a_lost_tail() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path(), 10);
    record(&mut node, 3);
    drop(node);
    let mut node = open(folder.path(), 11);
    record(&mut node, 5);
    node.store().checkpoint().unwrap();
    record(&mut node, 1);
    killed(folder.path(), node);
    std::fs::remove_file(folder.path().join("till.db-wal")).unwrap();
    let mut node = open(folder.path(), 12);
    assert_eq!(life_of(&node), 12);
    let opened = opened(&mut node);
    assert_eq!((opened.why.as_str(), opened.previous_seq), ("restored", Seq(9)));
}

#[test]
fn r4_a_database_that_is_gone_says_why_it_cites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = open(folder.path(), 10);
    record(&mut node, 3);
    drop(node);
    std::fs::remove_file(folder.path().join("till.db")).unwrap();
    let mut node = open(folder.path(), 11);
    let opened = opened(&mut node);
    assert_eq!((opened.why.as_str(), opened.previous), ("database_lost", None));
    assert!(alarm(&mut node).is_some());
}

#[test]
fn r4_without_its_marker_a_database_begins_a_new_life() {
    for unreadable in [None, Some("juyu-mark 1 of something else\n")] {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path(), 10));
        drop(open(folder.path(), 11));
        let marker = folder.path().join("till.mark");
        match unreadable {
            None => std::fs::remove_file(marker).unwrap(),
            Some(text) => std::fs::write(marker, text).unwrap(),
        }
        let mut node = open(folder.path(), 12);
        assert_eq!((life_of(&node), opened(&mut node).why.as_str()), (12, "marker_lost"));
    }
}

#[test]
fn r4_the_same_disk_in_another_computer_begins_a_new_life() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), 10));
    let mut node = open_on("another computer", folder.path(), 11);
    assert_eq!((life_of(&node), opened(&mut node).why.as_str()), (11, "cloned"));
}

#[test]
fn r6_three_clones_of_one_image_have_three_series() {
    let image = tempfile::tempdir().unwrap();
    let mut node = open(image.path(), 10);
    record(&mut node, 3);
    let before = node.own_stream().incarnation.series();
    drop(node);
    let mut series = vec![before];
    for clone in 11..14 {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(image.path(), folder.path());
        let mut node = open(folder.path(), clone);
        assert_eq!(opened(&mut node).why, "moved");
        series.push(node.own_stream().incarnation.series());
    }
    series.sort();
    series.dedup();
    assert_eq!(series.len(), 4);
}
