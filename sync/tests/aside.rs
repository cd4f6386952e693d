//! Backup and restore, and what happens to a database that is damaged.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sync::life::{self, StoreMark, StoreNote};
use sync::node::{Beside, StreamCut};
use sync::store::sqlite::check_whole;
use sync::{Draft, Node, Reader, SqliteStore, Store as _, StoreError, backup};
use sync_proto::engine::SenderConfig;
use sync_proto::fact::{FeedApplied, FeedScope, StreamOpened};
use sync_proto::project::All;
use sync_proto::rows::Table as _;
use sync_proto::{
    Decoded, DeviceId, Envelope, Fact, FeedVersion, Incarnation, Origin, Role, Seq, Stamp, StationCode,
    TerminalNo,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);
const DEVICE: DeviceId = DeviceId([1; 16]);
/// Schema of the databases here.
fn schema() -> usize {
    sync::migrations(&[]).len()
}

fn database(folder: &Path) -> PathBuf {
    folder.join("till.db")
}

fn open(folder: &Path, life: u8) -> Node<SqliteStore> {
    let tables = [StoreMark::SPEC, StoreNote::SPEC, StreamCut::SPEC];
    let store =
        SqliteStore::open_or_set_aside(&database(folder), &sync::migrations(&[]), &tables, NOW.wall_ms)
            .unwrap();
    let station = StationCode::new("ST0001").unwrap();
    let me = Origin { station, device: DEVICE, role: Role::Terminal, terminal: Some(TerminalNo(1)) };
    life::open_node(store, Arc::new(All(Vec::new())), me, "this computer", [life; 16], NOW).unwrap()
}

fn record(node: &mut Node<SqliteStore>, count: u64) {
    for version in 1..=count {
        let scope = FeedScope::Station(StationCode::new("A".repeat(40)).unwrap());
        let (writer, version) = (Incarnation([3; 16]), FeedVersion(version));
        let draft = Draft::new(Fact::FeedApplied(FeedApplied { scope, writer, version }));
        node.record(NOW, None, &[draft], Beside::default()).unwrap();
    }
}

fn opened(node: &mut Node<SqliteStore>) -> StreamOpened {
    let own = node.own_stream();
    let first = node.store().entries(&own, Seq(1), 1, usize::MAX).unwrap().remove(0);
    let Ok(Decoded::Known(envelope)) = Envelope::decode(&first.bytes) else { unreachable!() };
    let Fact::StreamOpened(opened) = envelope.fact else { unreachable!() };
    opened
}

fn note(node: &mut Node<SqliteStore>, kind: &str) -> String {
    let notes = life::notes(node.store().connection()).unwrap();
    notes.into_iter().find(|note| note.kind == kind).unwrap().detail
}

/// A till with 300 entries of which head office holds `acked`, closed, and the bytes of entry `seq`.
fn till_of_300(folder: &Path, acked: u64, seq: u64) -> Vec<u8> {
    let mut node = open(folder, 10);
    record(&mut node, 299);
    let own = node.own_stream();
    node.keep_ack("hq", own, Seq(acked), NOW.wall_ms).unwrap();
    node.store().entries(&own, Seq(seq), 1, usize::MAX).unwrap().remove(0).bytes
}

/// Makes the page unreadable on which `bytes` stand.
fn break_page(path: &Path, bytes: &[u8]) {
    let content = std::fs::read(path).unwrap();
    let at = content.windows(bytes.len()).position(|window| window == bytes).unwrap();
    let page = at / 4_096 * 4_096;
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[0xa5; 16], u64::try_from(page).unwrap()).unwrap();
}

fn set_aside(folder: &Path) -> PathBuf {
    let named = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("set-aside-");
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).find(named).unwrap().path()
}

#[test]
fn a_damaged_database_is_set_aside_and_everything_unsent_goes_on_in_its_stream() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = till_of_300(folder.path(), 100, 50);
    break_page(&database(folder.path()), &bytes);

    let mut node = open(folder.path(), 11);
    let first = opened(&mut node);
    assert_eq!((first.why.as_str(), first.previous), ("damaged", Some(Incarnation([10; 16]))));
    assert_eq!(first.previous_seq, Seq(300), "it cites the end of what was salvaged");
    let old = node.store().streams().unwrap().remove(0);
    assert_eq!(old.head.seq, Seq(300));
    assert!(old.purged.seq >= Seq(50) && old.purged.seq < Seq(100), "{:?}", old.purged);
    assert_eq!(node.store().ack("hq", &old.id).unwrap(), Seq(100));
    // What upstream waits for is there.
    let limits = SenderConfig { batch_entries_max: 500, ..SenderConfig::STANDARD };
    let batch = node.batch(old.id, Seq(101), &limits).unwrap().unwrap();
    assert_eq!(batch.count, 200);
    assert!(note(&mut node, "salvage").contains("0 not acknowledged and not readable"));
    assert!(database(&set_aside(folder.path())).exists());
    // It sells on, and the next start finds nothing to do.
    record(&mut node, 3);
    drop(node);
    let mut node = open(folder.path(), 12);
    assert_eq!(node.own_stream().incarnation, Incarnation([11; 16]));
    assert!(check_whole(node.store().connection()).unwrap().is_well());
}

#[test]
fn unsent_entries_behind_a_broken_page_are_written_down_for_review() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = till_of_300(folder.path(), 100, 200);
    break_page(&database(folder.path()), &bytes);
    let mut node = open(folder.path(), 11);
    let old = node.store().streams().unwrap().remove(0);
    assert!(old.head.seq > Seq(150) && old.head.seq < Seq(200), "{}", old.head.seq);
    let review = std::fs::read_to_string(set_aside(folder.path()).join("salvage.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(review.lines().next().unwrap()).unwrap();
    assert!(first["seq"].as_u64().unwrap() > 200);
    let entry = first["entry"].as_str().unwrap();
    assert!(matches!(Envelope::decode(entry.as_bytes()), Ok(Decoded::Known(_))), "{entry}");
    let last: serde_json::Value = serde_json::from_str(review.lines().last().unwrap()).unwrap();
    assert_eq!(last["seq"].as_u64(), Some(300));
    assert!(!note(&mut node, "salvage").contains(" 0 not acknowledged"), "{}", note(&mut node, "salvage"));
}

#[test]
fn a_file_that_is_no_database_any_more_is_set_aside_and_the_till_sells_on() {
    let folder = tempfile::tempdir().unwrap();
    till_of_300(folder.path(), 100, 1);
    std::fs::write(database(folder.path()), vec![0xa5; 100_000]).unwrap();
    let mut node = open(folder.path(), 11);
    assert_eq!((opened(&mut node).why.as_str(), opened(&mut node).previous), ("damaged", None));
    record(&mut node, 1);
    assert_eq!(std::fs::read(database(&set_aside(folder.path()))).unwrap().len(), 100_000);
}

#[test]
fn a_start_that_died_while_setting_aside_is_finished_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = till_of_300(folder.path(), 300, 50);
    break_page(&database(folder.path()), &bytes);
    // Died after the pointer was written and before anything was moved.
    std::fs::create_dir(folder.path().join("set-aside-x")).unwrap();
    std::fs::write(folder.path().join("till.aside"), "damage\nset-aside-x\n").unwrap();
    let mut node = open(folder.path(), 11);
    assert_eq!(opened(&mut node).previous_seq, Seq(300));
    assert!(database(&folder.path().join("set-aside-x")).exists());
    assert!(!folder.path().join("till.aside").exists());
}

#[test]
fn a_restore_drill_a_backup_made_at_work_comes_back_as_a_new_life_with_the_tail_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let backups = folder.path().join("backups");
    let mut node = open(folder.path(), 10);
    record(&mut node, 9);
    let made = backup::write(&database(folder.path()), &backups, NOW.wall_ms).unwrap();
    assert_eq!((made.entry_count, made.path.extension().unwrap().to_str()), (10, Some("db")));
    assert_eq!(made.len, std::fs::metadata(&made.path).unwrap().len());
    record(&mut node, 20);
    let busy = backup::restore(&database(folder.path()), &made.path, schema(), Some(DEVICE), NOW.wall_ms);
    assert!(matches!(busy, Err(StoreError::InUse(_))), "{busy:?}");
    drop(node);

    let restored =
        backup::restore(&database(folder.path()), &made.path, schema(), Some(DEVICE), NOW.wall_ms).unwrap();
    assert_eq!(restored.entry_count, 10);
    assert!(database(&restored.set_aside.unwrap()).exists());
    let mut node = open(folder.path(), 11);
    let first = opened(&mut node);
    assert_eq!((first.why.as_str(), first.previous_seq), ("restored", Seq(30)));
    assert_eq!(node.store().streams().unwrap()[0].head.seq, Seq(30), "nothing was lost by it");
    let reader = Reader::new(&database(folder.path()));
    let found = reader.read(|connection| Ok(check_whole(connection).unwrap())).unwrap();
    assert!(found.is_well(), "{}", found.summary());
}

#[test]
fn a_backup_that_is_no_good_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path(), 10);
    let made = backup::write(&database(folder.path()), folder.path(), NOW.wall_ms).unwrap();
    drop(node);
    let before = std::fs::read(database(folder.path())).unwrap();
    let restore = |file: &Path, schema, device| {
        backup::restore(&database(folder.path()), file, schema, Some(device), NOW.wall_ms).unwrap_err()
    };
    assert!(matches!(restore(&folder.path().join("none.db"), schema(), DEVICE), StoreError::File { .. }));
    assert!(matches!(restore(&made.path, schema() - 1, DEVICE), StoreError::Newer { .. }));
    assert!(restore(&made.path, schema(), DeviceId([9; 16])).to_string().contains("backup of device"));
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    assert!(matches!(restore(&foreign, schema(), DEVICE), StoreError::NotOurs(_)));
    let cut = folder.path().join("cut.db");
    let whole = std::fs::read(&made.path).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(restore(&cut, schema(), DEVICE), StoreError::Damaged(_)));
    assert_eq!(std::fs::read(database(folder.path())).unwrap(), before);
}

#[test]
fn a_backup_of_a_damaged_database_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = till_of_300(folder.path(), 100, 50);
    break_page(&database(folder.path()), &bytes);
    let backups = folder.path().join("backups");
    backup::write(&database(folder.path()), &backups, NOW.wall_ms).unwrap_err();
    assert_eq!(std::fs::read_dir(&backups).unwrap().count(), 0);
}
