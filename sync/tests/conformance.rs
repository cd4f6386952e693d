//! One suite over every store: whatever the database, a node behaves the same.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use sync::store::memory::MemoryStore;
use sync::store::{Commit, FeedHead, FeedStage, StageChange, StreamRow};
use sync::{SqliteStore, Store, StoreError};
use sync_proto::engine::receiver::Head;
use sync_proto::fact::{AsideKey, FeedScope};
use sync_proto::ledger::tables::{Stock, StockFlow};
use sync_proto::quarantine::{Aside, Cause, Trouble};
use sync_proto::rows::{RowChange, RowKey, Table, TableSpec, Value};
use sync_proto::wire::{FeedItem, SnapshotId};
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, FeedVersion, Incarnation, Origin, Role, Seq, StationCode, StreamId,
    TerminalNo,
};

fn stream(n: u8) -> StreamId {
    StreamId { device: DeviceId([n; 16]), incarnation: Incarnation([n + 100; 16]) }
}

fn row(n: u8) -> StreamRow {
    let id = stream(n);
    let origin = Origin {
        station: StationCode::new("ST0001").unwrap(),
        device: id.device,
        role: Role::Terminal,
        terminal: Some(TerminalNo(u16::from(n))),
    };
    StreamRow::new(id, origin, n == 1)
}

fn entries(n: u8, upto: u64) -> Vec<Entry> {
    let id = stream(n);
    let mut hash = ChainHash::genesis(&id);
    (1..=upto)
        .map(|seq| {
            let bytes = format!("entry {seq} of {n}").into_bytes();
            hash = hash.chain(&bytes);
            Entry { key: EntryKey { stream: id, seq: Seq(seq) }, bytes, hash }
        })
        .collect()
}

fn opened(n: u8, upto: u64) -> Commit {
    Commit { at_ms: 5, streams: vec![row(n)], append: entries(n, upto), ..Commit::default() }
}

fn change<T: Table>(row: T) -> RowChange {
    RowChange { key: row.row_key(), cells: Some(row.into_cells()) }
}

fn stock(product: &str, on_hand_milli: i64) -> Stock {
    Stock { station: "ST0001".into(), product_id: product.into(), on_hand_milli }
}

/// Runs `check` on a fresh store of every kind.
fn on_every_store(check: impl Fn(&mut dyn Store)) {
    check(&mut MemoryStore::default());
    let folder = tempfile::tempdir().unwrap();
    let tables = [Stock::SPEC, StockFlow::SPEC, Aside::SPEC];
    let path = folder.path().join("node.db");
    check(&mut SqliteStore::open(&path, &sync::migrations(&[]), &tables).unwrap());
    #[cfg(unix)]
    on_postgres(&tables, check);
}

/// On a database of its own, on a server that this process starts; skipped where none is installed.
#[cfg(unix)]
fn on_postgres(tables: &[&'static TableSpec], check: impl Fn(&mut dyn Store)) {
    use std::sync::atomic::{AtomicU32, Ordering};

    use sync_postgres::{PostgresStore, Writers, standin};

    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let Some(server) = standin::shared().unwrap() else { return };
    let name = format!("conformance_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let url = server.database(&name).unwrap();
    let migrations = sync_postgres::MIGRATIONS;
    check(&mut PostgresStore::open(&url, Writers::One, &migrations, tables).unwrap());
}

#[test]
fn entries_come_back_as_they_were_stored_and_within_the_limits_asked() {
    on_every_store(|store| {
        store.commit(&opened(1, 5)).unwrap();
        assert_eq!(store.entries(&stream(1), Seq(1), 100, usize::MAX).unwrap(), entries(1, 5));
        assert_eq!(store.entries(&stream(1), Seq(4), 100, usize::MAX).unwrap(), entries(1, 5)[3..]);
        assert_eq!(store.entries(&stream(1), Seq(1), 2, usize::MAX).unwrap().len(), 2);
        assert_eq!(store.entries(&stream(1), Seq(1), 100, 1).unwrap().len(), 1);
        assert_eq!(store.entries(&stream(1), Seq(1), 100, 26).unwrap().len(), 2);
        assert_eq!(store.entries(&stream(9), Seq(1), 100, usize::MAX).unwrap(), []);
        let head = store.stream(&stream(1)).unwrap().unwrap().head;
        assert_eq!(head, Head { seq: Seq(5), hash: entries(1, 5)[4].hash });
        assert_eq!(store.hash_at(&stream(1), Seq(3)).unwrap(), Some(entries(1, 5)[2].hash));
        assert_eq!(store.hash_at(&stream(1), Seq(6)).unwrap(), None);
    });
}

#[test]
fn r3_a_commit_that_leaves_a_hole_or_breaks_the_chain_stores_nothing() {
    on_every_store(|store| {
        store.commit(&opened(1, 2)).unwrap();
        let mut hole = Commit { at_ms: 6, append: entries(1, 5).split_off(3), ..Commit::default() };
        hole.rows = vec![change(stock("CD1001", 7))];
        assert!(matches!(store.commit(&hole), Err(StoreError::Conflict { .. })));
        let mut forged = entries(1, 3).split_off(2);
        forged[0].bytes = b"another".to_vec();
        assert!(store.commit(&Commit { append: forged, ..Commit::default() }).is_err());
        let stranger = Commit { append: entries(2, 1), ..Commit::default() };
        assert!(matches!(store.commit(&stranger), Err(StoreError::Conflict { .. })));
        assert_eq!(store.stream(&stream(1)).unwrap().unwrap().head.seq, Seq(2));
        assert_eq!(store.rows(&[Stock::key("ST0001", "CD1001")]).unwrap(), [None]);
    });
}

#[test]
fn streams_and_entries_keep_the_order_in_which_they_came() {
    on_every_store(|store| {
        store.commit(&opened(2, 2)).unwrap();
        store.commit(&opened(1, 1)).unwrap();
        store.commit(&Commit { at_ms: 9, append: entries(2, 3).split_off(2), ..Commit::default() }).unwrap();
        let order: Vec<StreamId> = store.streams().unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(order, [stream(2), stream(1)]);
        let stored = store.entries_after(0, 100).unwrap();
        let order: Vec<(u8, u64)> =
            stored.iter().map(|each| (each.entry.key.stream.device.0[0], each.entry.key.seq.0)).collect();
        assert_eq!(order, [(2, 1), (2, 2), (1, 1), (2, 3)]);
        assert_eq!(stored[3].received_at_ms, 9);
        assert_eq!(stored[3].origin, row(2).origin);
        let rest = store.entries_after(stored[1].pos, 1).unwrap();
        assert_eq!(rest[0].entry, stored[2].entry);
    });
}

#[test]
fn rows_are_written_replaced_and_removed() {
    on_every_store(|store| {
        let write = |rows| Commit { rows, ..Commit::default() };
        store.commit(&write(vec![change(stock("CD1001", 7)), change(stock("CD1002", -3))])).unwrap();
        store.commit(&write(vec![change(stock("CD1001", 8))])).unwrap();
        let keys = [Stock::key("ST0001", "CD1002"), Stock::key("ST0001", "CD1001"), Stock::key("X", "Y")];
        let found = store.rows(&keys).unwrap();
        assert_eq!(found[0], Some(stock("CD1002", -3).into_cells()));
        assert_eq!(found[1], Some(stock("CD1001", 8).into_cells()));
        assert_eq!(found[2], None);
        let gone = RowChange { key: Stock::key("ST0001", "CD1001"), cells: None };
        store.commit(&write(vec![gone])).unwrap();
        assert_eq!(store.rows(&keys[1..2]).unwrap(), [None]);
    });
}

#[test]
fn a_later_change_of_a_row_counts_and_new_rows_are_as_they_were_given() {
    on_every_store(|store| {
        let gone = RowChange { key: Stock::key("ST0001", "CD1001"), cells: None };
        let rows = vec![
            change(stock("CD1001", 1)),
            change(stock("CD1002", 2)),
            change(stock("CD1001", 3)),
            change(stock("CD1002", 4)),
            gone,
        ];
        store.commit(&Commit { rows, ..Commit::default() }).unwrap();
        let keys = [Stock::key("ST0001", "CD1001"), Stock::key("ST0001", "CD1002")];
        assert_eq!(store.rows(&keys).unwrap(), [None, Some(stock("CD1002", 4).into_cells())]);
        let flow = |flow_id: &str, reason: &str| StockFlow {
            station: "ST0001".into(),
            flow_id: flow_id.into(),
            product_id: "CD1001".into(),
            quantity_milli: i64::MIN,
            after_milli: i64::MAX,
            reason: reason.into(),
            order_id: None,
            sale_id: Some(String::new()),
            business_day: "2026-01-31".into(),
            at_ms: 0,
        };
        // A NUL, what stands for it where it cannot be held, and much text.
        let strange =
            [flow("a", "a\0b\u{10}0"), flow("b", "\u{10}\u{10}\0"), flow("c", &"긴".repeat(40_000))];
        let rows = strange.iter().cloned().map(change).collect();
        store.commit(&Commit { rows, ..Commit::default() }).unwrap();
        let keys: Vec<_> = strange.iter().map(Table::row_key).collect();
        let expected: Vec<_> = strange.into_iter().map(|row| Some(row.into_cells())).collect();
        assert_eq!(store.rows(&keys).unwrap(), expected);
    });
}

#[test]
fn r36_every_upstream_has_its_own_cursor() {
    on_every_store(|store| {
        store.commit(&opened(1, 5)).unwrap();
        let ack = |upstream: &str, through| Commit {
            acks: vec![(upstream.to_owned(), stream(1), Seq(through))],
            ..Commit::default()
        };
        store.commit(&ack("agent", 4)).unwrap();
        store.commit(&ack("hq", 5)).unwrap();
        assert_eq!(store.ack("agent", &stream(1)).unwrap(), Seq(4));
        // R11: a restored upstream holds less than before.
        store.commit(&ack("hq", 2)).unwrap();
        assert_eq!(store.ack("hq", &stream(1)).unwrap(), Seq(2));
        assert_eq!(store.ack("hq", &stream(2)).unwrap(), Seq::NONE);
    });
}

#[test]
fn a_feed_holds_the_live_item_of_every_key_in_order_of_version() {
    on_every_store(|store| {
        let item = |key: &str, version, bytes: &[u8]| {
            (
                FeedScope::Chain,
                FeedItem { key: key.into(), version: FeedVersion(version), bytes: bytes.to_vec() },
            )
        };
        let head = |version| {
            (FeedScope::Chain, FeedHead { writer: Incarnation([4; 16]), version: FeedVersion(version) })
        };
        assert_eq!(store.feed_head(&FeedScope::Chain).unwrap(), None);
        let commit = Commit {
            feed_items: vec![item("a", 1, b"one"), item("b", 2, b"two"), item("a", 3, b"three")],
            feed_heads: vec![head(3)],
            ..Commit::default()
        };
        store.commit(&commit).unwrap();
        let (items, more) = store.feed_items(&FeedScope::Chain, FeedVersion(0), usize::MAX).unwrap();
        let seen: Vec<(&str, u64)> = items.iter().map(|item| (item.key.as_str(), item.version.0)).collect();
        assert_eq!((seen, more), (vec![("b", 2), ("a", 3)], false));
        let (items, more) = store.feed_items(&FeedScope::Chain, FeedVersion(0), 1).unwrap();
        assert_eq!((items.len(), more), (1, true));
        let reset = Commit { feed_resets: vec![FeedScope::Chain], ..Commit::default() };
        store.commit(&reset).unwrap();
        assert!(store.feed_items(&FeedScope::Chain, FeedVersion(0), usize::MAX).unwrap().0.is_empty());
        assert_eq!(store.feed_head(&FeedScope::Chain).unwrap(), Some(head(3).1));
    });
}

#[test]
fn r33_a_purge_goes_for_good_keeps_the_head_and_lets_the_chain_go_on() {
    on_every_store(|store| {
        store.commit(&opened(1, 5)).unwrap();
        store.commit(&opened(2, 2)).unwrap();
        assert_eq!(store.purge(&stream(1), Seq(3)).unwrap(), 3);
        assert_eq!(store.purge(&stream(1), Seq(2)).unwrap(), 0, "a purge only goes forward");
        let row = store.stream(&stream(1)).unwrap().unwrap();
        assert_eq!(row.purged, Head { seq: Seq(3), hash: entries(1, 3)[2].hash });
        assert_eq!(row.head.seq, Seq(5));
        assert_eq!(store.hash_at(&stream(1), Seq(2)).unwrap(), None);
        assert_eq!(store.hash_at(&stream(1), Seq(3)).unwrap(), Some(entries(1, 3)[2].hash));
        assert_eq!(store.entries(&stream(1), Seq(4), 9, usize::MAX).unwrap(), entries(1, 5)[3..]);
        // What would begin behind a hole is not given out at all.
        assert_eq!(store.entries(&stream(1), Seq(2), 9, usize::MAX).unwrap(), []);
        assert_eq!(store.entries_after(0, 9).unwrap().len(), 4);

        assert_eq!(store.purge(&stream(1), Seq(99)).unwrap(), 1, "the head stays");
        let last = store.entries_after(0, 9).unwrap().last().unwrap().pos;
        let next = Commit { append: entries(1, 6).split_off(5), ..Commit::default() };
        store.commit(&next).unwrap();
        assert_eq!(store.entries_after(last, 9).unwrap()[0].entry, entries(1, 6)[5]);
        assert_eq!(store.purge(&stream(9), Seq(1)).unwrap(), 0);
    });
}

#[test]
fn r14_what_stepped_aside_is_kept_and_listed_in_order_of_its_key() {
    on_every_store(|store| {
        let mut commit = opened(1, 3);
        let aside = |at: usize| {
            let entry = &commit.append[at];
            let trouble = Trouble::new(Cause::Rejected, "does not add up");
            Aside::new(&row(1).origin, &AsideKey::of(entry.key), &entry.bytes, trouble, "1.0.0", 5)
        };
        let rows: Vec<Aside> = [2, 0, 1].map(aside).into();
        commit.rows = rows.iter().cloned().map(change).collect();
        commit.rows.push(change(stock("CD1001", 7)));
        store.commit(&commit).unwrap();
        let seqs = |store: &mut dyn Store, after: Option<&RowKey>, rows_max| -> Vec<i64> {
            let found = store.scan(Aside::SPEC, after, rows_max).unwrap();
            let row = |(key, cells): (RowKey, Vec<Value>)| Aside::from_parts(&key.key, &cells).unwrap();
            found.into_iter().map(row).map(|row| row.seq).collect()
        };
        assert_eq!(seqs(store, None, 10), [1, 2, 3]);
        assert_eq!(seqs(store, None, 2), [1, 2]);
        assert_eq!(seqs(store, Some(&rows[1].row_key()), 10), [2, 3]);
        assert_eq!(seqs(store, Some(&rows[0].row_key()), 10), [0i64; 0]);
        let found = store.scan(Stock::SPEC, None, 10).unwrap();
        assert_eq!(found, [(Stock::key("ST0001", "CD1001"), stock("CD1001", 7).into_cells())]);
    });
}

#[test]
fn r33_a_stream_may_begin_where_its_salvaged_part_does() {
    on_every_store(|store| {
        let mut row = row(1);
        let base = Head { seq: Seq(3), hash: entries(1, 3)[2].hash };
        (row.head, row.purged) = (base, base);
        let append = entries(1, 5).split_off(3);
        store.commit(&Commit { streams: vec![row], append, ..Commit::default() }).unwrap();
        let row = store.stream(&stream(1)).unwrap().unwrap();
        assert_eq!((row.purged, row.head.seq), (base, Seq(5)));
        assert_eq!(store.hash_at(&stream(1), Seq(3)).unwrap(), Some(base.hash));
    });
}

#[test]
fn r29_an_entry_is_put_back_where_it_stood_and_its_neighbours_stay() {
    on_every_store(|store| {
        store.commit(&opened(1, 3)).unwrap();
        store.commit(&opened(2, 2)).unwrap();
        let mut altered = entries(1, 3)[1].clone();
        altered.bytes = b"paid less".to_vec();
        // The caller has proven what it puts back; here the false one, to have something to mend.
        store.commit(&Commit { mend: vec![altered.clone()], ..Commit::default() }).unwrap();
        assert_eq!(store.entries(&stream(1), Seq(2), 1, usize::MAX).unwrap(), [altered]);
        let mend = entries(1, 3);
        store.commit(&Commit { at_ms: 9, mend, ..Commit::default() }).unwrap();
        assert_eq!(store.entries(&stream(1), Seq(1), 9, usize::MAX).unwrap(), entries(1, 3));
        let places: Vec<(i64, u64)> = store
            .entries_after(0, 9)
            .unwrap()
            .iter()
            .map(|stored| (stored.pos, stored.entry.key.seq.0))
            .collect();
        assert_eq!(places, [(1, 1), (2, 2), (3, 3), (4, 1), (5, 2)]);
        assert_eq!(store.stream(&stream(1)).unwrap().unwrap().head.seq, Seq(3));
        let unknown = Commit { mend: entries(7, 1), ..Commit::default() };
        assert!(matches!(store.commit(&unknown), Err(StoreError::Conflict { .. })));
    });
}

#[test]
fn r5_forks_and_cursors_are_kept() {
    on_every_store(|store| {
        let mut commit = opened(1, 2);
        commit.forks = entries(1, 1);
        commit.cursors = vec![("order".into(), 7)];
        store.commit(&commit).unwrap();
        store.commit(&Commit { forks: entries(1, 1), ..Commit::default() }).unwrap();
        assert_eq!(store.cursor("order").unwrap(), 7);
        assert_eq!(store.cursor("logistics").unwrap(), 0);
    });
}

#[test]
fn r26_a_horizon_takes_the_tombstones_below_it_and_knows_how_old_items_are() {
    on_every_store(|store| {
        let write = |at_ms, key: &str, version, bytes: &[u8]| Commit {
            at_ms,
            feed_items: vec![(
                FeedScope::Chain,
                FeedItem { key: key.into(), version: FeedVersion(version), bytes: bytes.to_vec() },
            )],
            feed_heads: vec![(FeedScope::Chain, feed_head(4, version))],
            ..Commit::default()
        };
        store.commit(&write(10, "a", 1, b"one")).unwrap();
        store.commit(&write(20, "b", 2, b"")).unwrap();
        store.commit(&write(30, "c", 3, b"")).unwrap();
        for (at_ms, version) in [(9, 0), (10, 1), (29, 2), (99, 3)] {
            assert_eq!(store.feed_version_at(&FeedScope::Chain, at_ms).unwrap(), FeedVersion(version));
        }
        assert_eq!(store.feed_horizon(&FeedScope::Chain).unwrap(), FeedVersion(0));
        let horizon = Commit { feed_horizons: vec![(FeedScope::Chain, FeedVersion(2))], ..Commit::default() };
        store.commit(&horizon).unwrap();
        assert_eq!(store.feed_horizon(&FeedScope::Chain).unwrap(), FeedVersion(2));
        let (items, _) = store.feed_items(&FeedScope::Chain, FeedVersion(0), usize::MAX).unwrap();
        let left: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
        assert_eq!(left, ["a", "c"]);
        assert_eq!(store.feeds().unwrap(), [(FeedScope::Chain, feed_head(4, 3))]);
    });
}

#[test]
fn r19_a_life_of_a_feeds_writer_that_was_left_is_remembered() {
    on_every_store(|store| {
        let life = Incarnation([4; 16]);
        assert!(!store.feed_writer_left(&FeedScope::Chain, life).unwrap());
        let left = Commit { feed_writers_left: vec![(FeedScope::Chain, life)], ..Commit::default() };
        store.commit(&left).unwrap();
        store.commit(&left).unwrap();
        assert!(store.feed_writer_left(&FeedScope::Chain, life).unwrap());
        let station = FeedScope::Station(StationCode::new("ST0001").unwrap());
        assert!(!store.feed_writer_left(&station, life).unwrap());
    });
}

#[test]
fn r22_parts_are_staged_in_order_and_go_with_their_snapshot() {
    on_every_store(|store| {
        let scope = FeedScope::Chain;
        let stage = FeedStage {
            asked: feed_head(4, 1),
            reached: feed_head(5, 9),
            whole: true,
            id: SnapshotId([7; 32]),
            parts: 3,
            have: 0,
        };
        let staged = |change| Commit { feed_stages: vec![(FeedScope::Chain, change)], ..Commit::default() };
        let part = |part, bytes: &[u8]| staged(StageChange::Part { part, bytes: bytes.to_vec() });
        store.commit(&part(0, b"of nothing")).unwrap();
        assert_eq!(store.feed_stage(&scope).unwrap(), None);
        store.commit(&staged(StageChange::Begin(stage))).unwrap();
        store.commit(&part(0, b"one")).unwrap();
        store.commit(&part(0, b"again")).unwrap();
        store.commit(&part(2, b"too early")).unwrap();
        store.commit(&part(1, b"two")).unwrap();
        assert_eq!(store.feed_stage(&scope).unwrap(), Some(FeedStage { have: 2, ..stage }));
        assert_eq!(store.feed_stage_part(&scope, 0).unwrap(), Some(b"one".to_vec()));
        assert_eq!(store.feed_stage_part(&scope, 1).unwrap(), Some(b"two".to_vec()));
        assert_eq!(store.feed_stage_part(&scope, 2).unwrap(), None);
        let other = FeedStage { id: SnapshotId([8; 32]), ..stage };
        store.commit(&staged(StageChange::Begin(other))).unwrap();
        assert_eq!(store.feed_stage(&scope).unwrap(), Some(other));
        assert_eq!(store.feed_stage_part(&scope, 0).unwrap(), None);
        store.commit(&part(0, b"one")).unwrap();
        store.commit(&staged(StageChange::End)).unwrap();
        assert_eq!(store.feed_stage(&scope).unwrap(), None);
        assert_eq!(store.feed_stage_part(&scope, 0).unwrap(), None);
    });
}

fn feed_head(life: u8, version: u64) -> FeedHead {
    FeedHead { writer: Incarnation([life; 16]), version: FeedVersion(version) }
}
