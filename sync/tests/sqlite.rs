//! What only the store on disk can show.

use std::path::Path;

use sync::{MIGRATION_BOOKS, MIGRATION_JOURNAL, SqliteStore, StoreError};
use sync_proto::ledger::tables::Stock;
use sync_proto::rows::Table;

sync_proto::table! {
    /// Says that it has a column which the table does not have.
    pub struct Drifted in "stock" { station: String, product_id: String } { on_hand_ml: i64 }
}

const MIGRATIONS: [&str; 2] = [MIGRATION_JOURNAL, MIGRATION_BOOKS];

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
            "INSERT INTO streams VALUES (1, zeroblob(16), zeroblob(16), 'ST0001', 'terminal', 1, 1, 1, zeroblob(32), 0);
             INSERT INTO entries VALUES (1, 1, 1, zeroblob(32), 0, x'00');",
        )
        .unwrap();
    let changed = connection.execute("UPDATE entries SET bytes = x'01'", []).unwrap_err();
    assert!(changed.to_string().contains("never changed"));
    let deleted = connection.execute("DELETE FROM entries", []).unwrap_err();
    assert!(deleted.to_string().contains("never deleted"));
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
    assert_eq!(pragma("user_version"), "Integer(2)");
}

#[test]
fn a_newer_schema_and_another_programs_database_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("newer.db");
    drop(open(&newer).unwrap());
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(open(&newer).unwrap_err().to_string().contains("newer version"));
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    assert!(open(&foreign).unwrap_err().to_string().contains("another program"));
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
    assert!(open(&path).is_err());
}
