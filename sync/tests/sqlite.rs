//! What only the store on disk can show.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::path::Path;

use sync::store::sqlite::{check_whole, open_reader};
use sync::store::{Commit, Store as _, StreamRow};
use sync::{
    MIGRATION_BOOKS, MIGRATION_FEEDS, MIGRATION_JOURNAL, MIGRATION_QUARANTINE, MIGRATION_STORAGE,
    SqliteStore, StoreError,
};
use sync_proto::engine::receiver::Head;
use sync_proto::ledger::tables::Stock;
use sync_proto::quarantine::{Aside, Settled};
use sync_proto::rows::Table;
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, Incarnation, Origin, Role, Seq, StationCode, StreamId, TerminalNo,
};

sync_proto::table! {
    /// Says that it has a column which the table does not have.
    pub struct Drifted in "stock" { station: String, product_id: String } { on_hand_ml: i64 }
}

const MIGRATIONS: [&str; 4] = [MIGRATION_JOURNAL, MIGRATION_BOOKS, MIGRATION_STORAGE, MIGRATION_FEEDS];

/// A stream of `count` entries.
fn with_entries(store: &mut SqliteStore, count: u64) -> StreamId {
    let id = StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) };
    let station = StationCode::new("ST0001").unwrap();
    let origin = Origin { station, device: id.device, role: Role::Terminal, terminal: Some(TerminalNo(1)) };
    let mut hash = ChainHash::genesis(&id);
    let append = (1..=count).map(|seq| {
        let bytes = format!("entry {seq}").into_bytes();
        hash = hash.chain(&bytes);
        Entry { key: EntryKey { stream: id, seq: Seq(seq) }, bytes, hash }
    });
    let append = append.collect();
    let streams = vec![StreamRow::new(id, origin, true)];
    store.commit(&Commit { at_ms: 5, streams, append, ..Commit::default() }).unwrap();
    id
}

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, &MIGRATIONS, &[Stock::SPEC])
}

#[test]
fn r7_a_second_writer_is_refused_and_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let first = open(&path).unwrap();
    let second = open(&path).unwrap_err();
    assert!(matches!(second, StoreError::InUse(_)), "{second}");
    assert!(second.to_string().contains("stop it first"));
    drop(first);
    open(&path).unwrap();
}

#[test]
fn the_journal_refuses_to_be_changed_even_by_its_own_connection() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("node.db")).unwrap();
    let connection = store.connection();
    connection
        .execute_batch(
            "INSERT INTO streams VALUES (1, zeroblob(16), zeroblob(16), 'ST0001', 'terminal', 1, 1, 1, zeroblob(32), 0, 0, NULL);
             INSERT INTO entries VALUES (1, 1, 1, zeroblob(32), 0, x'00');",
        )
        .unwrap();
    let changed = connection.execute("UPDATE entries SET bytes = x'01'", []).unwrap_err();
    assert!(changed.to_string().contains("never changed"));
    let deleted = connection.execute("DELETE FROM entries", []).unwrap_err();
    assert!(deleted.to_string().contains("never deleted"));
}

#[test]
fn r33_only_what_was_purged_may_be_deleted_and_never_the_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let mut store = open(&path).unwrap();
    let stream = with_entries(&mut store, 5);
    store.purge(&stream, Seq(3)).unwrap();
    let connection = store.connection();
    assert_eq!(connection.execute("DELETE FROM entries WHERE seq <= 3", []).unwrap(), 0);
    let refused = connection.execute("DELETE FROM entries WHERE seq = 4", []).unwrap_err();
    assert!(refused.to_string().contains("never deleted"), "{refused}");
    for through in [2, 5] {
        let refused = connection.execute("UPDATE streams SET purged_through = $1", [through]).unwrap_err();
        assert!(refused.to_string().contains("only goes forward"), "{refused}");
    }
    drop(store);
    open(&path).unwrap();
}

#[test]
fn r27_an_entry_changed_behind_our_back_is_found_at_the_start_and_named() {
    for (change, place) in [
        ("UPDATE entries SET bytes = x'00' WHERE seq = 40", 40),
        ("DELETE FROM entries WHERE seq = 41", 41),
        ("DELETE FROM entries WHERE seq > 49", 50),
        ("UPDATE streams SET head_seq = 49", 49),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.db");
        with_entries(&mut open(&path).unwrap(), 50);
        let insider = rusqlite::Connection::open(&path).unwrap();
        insider
            .execute_batch("DROP TRIGGER entries_are_never_changed; DROP TRIGGER entries_are_never_deleted;")
            .unwrap();
        insider.execute_batch(change).unwrap();
        drop(insider);
        let why = open(&path).unwrap_err();
        assert!(matches!(why, StoreError::Damaged(_)), "{why}");
        assert!(why.to_string().contains(&format!("entry {place} of device")), "{change}: {why}");
    }
}

#[test]
fn r27_a_whole_check_finds_what_the_start_does_not_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    with_entries(&mut open(&path).unwrap(), 1_200);
    let insider = rusqlite::Connection::open(&path).unwrap();
    insider.execute_batch("DROP TRIGGER entries_are_never_changed").unwrap();
    insider.execute("UPDATE entries SET bytes = x'00' WHERE seq = 17", []).unwrap();
    drop(insider);
    drop(open(&path).unwrap());
    let found = check_whole(&open_reader(&path).unwrap()).unwrap();
    assert_eq!(found.chains.len(), 1);
    assert_eq!((found.chains[0].seq, found.entry_count), (Seq(17), 16));
    assert!(!found.is_well() && found.summary().contains("entry 17"), "{}", found.summary());
}

#[test]
fn full_synchronous_wal_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("node.db")).unwrap();
    let pragma = |name: &str| -> String {
        store
            .connection()
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .unwrap()
    };
    assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
    assert_eq!(pragma("synchronous"), "Integer(2)");
    assert_eq!(pragma("foreign_keys"), "Integer(1)");
    assert_eq!(pragma("user_version"), format!("Integer({})", MIGRATIONS.len()));
}

#[test]
fn a_newer_schema_and_another_programs_database_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("newer.db");
    drop(open(&newer).unwrap());
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let why = open(&newer).unwrap_err();
    assert!(matches!(why, StoreError::Newer { found: 99, known, .. } if known == MIGRATIONS.len()), "{why}");
    assert!(why.to_string().contains("newer version") && why.to_string().contains("install"));
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let why = open(&foreign).unwrap_err();
    assert!(matches!(why, StoreError::NotOurs(_)), "{why}");
}

#[test]
fn a_table_that_drifted_from_its_rows_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let why = SqliteStore::open(&path, &MIGRATIONS, &[Drifted::SPEC]).unwrap_err();
    assert!(why.to_string().contains("on_hand_ml"), "{why}");
}

#[test]
fn a_damaged_file_is_refused_not_sold_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    std::fs::write(&path, b"this is not a database, it is a shopping list").unwrap();
    let why = open(&path).unwrap_err();
    assert!(matches!(why, StoreError::Damaged(_)), "{why}");
    assert_eq!(std::fs::read(&path).unwrap().len(), 45, "it is left as it is");
}

#[test]
fn r14_what_stood_aside_before_the_upgrade_is_listed_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let mut before = SqliteStore::open(&path, &MIGRATIONS, &[]).unwrap();
    let id = StreamId { device: DeviceId([0; 16]), incarnation: Incarnation([0; 16]) };
    let station = StationCode::new("ST0001").unwrap();
    let (role, terminal) = (Role::Terminal, Some(TerminalNo(3)));
    let origin = Origin { station, device: id.device, role, terminal };
    let genesis = ChainHash::genesis(&id);
    let empty = Head { seq: Seq::NONE, hash: genesis };
    let bytes: [&[u8]; 2] = [
        br#"{"v":1,"at":{"w":4},"day":"2026-11-23","t":"Sold","d":{"sale":"ST0001-03-AAAAA-000001"}}"#,
        b"\xff\x00",
    ];
    let hashes = [genesis.chain(bytes[0]), genesis.chain(bytes[0]).chain(bytes[1])];
    let entry = |n: usize| Entry {
        key: EntryKey { stream: id, seq: Seq(n as u64 + 1) },
        bytes: bytes[n].to_vec(),
        hash: hashes[n],
    };
    let fork = Entry { hash: genesis, ..entry(1) };
    let commit = Commit {
        at_ms: 5,
        streams: vec![StreamRow { id, origin, own: false, head: empty, purged: empty }],
        append: vec![entry(0), entry(1)],
        forks: vec![fork],
        ..Commit::default()
    };
    before.commit(&commit).unwrap();
    before
        .connection()
        .execute_batch(
            "INSERT INTO quarantine (stream_id, seq, reason, amount, at_ms)
             VALUES (1, 1, 'does not add up', 33400, 5), (1, 2, 'no json', NULL, 6)",
        )
        .unwrap();
    drop(before);
    let migrations =
        [MIGRATION_JOURNAL, MIGRATION_BOOKS, MIGRATION_STORAGE, MIGRATION_FEEDS, MIGRATION_QUARANTINE];
    let mut store = SqliteStore::open(&path, &migrations, &[Aside::SPEC, Settled::SPEC]).unwrap();
    let aside = store.quarantined().unwrap();
    let seen: Vec<(i64, &str, &str, Option<i64>, i64)> = aside
        .iter()
        .map(|row| (row.seq, row.cause.as_str(), row.business_day.as_str(), row.amount, row.sales))
        .collect();
    assert_eq!(
        seen,
        [
            (1, "rejected", "2026-11-23", Some(33_400), 33_400),
            (2, "rejected", "", None, 0),
            (2, "fork", "", None, 0)
        ]
    );
    assert_eq!(aside[0].receipt.as_deref(), Some("ST0001-03-AAAAA-000001"));
    assert_eq!((aside[0].written_at_ms, aside[0].terminal), (Some(4), Some(3)));
    assert!(aside.iter().all(|row| row.entry().is_some() && row.tried_by.is_empty()));
}
