//! The tables are those of SQLite.

use std::collections::BTreeMap;
use std::path::Path;

use sync::SqliteStore;
use sync_postgres::{MIGRATIONS, PostgresStore, Writers};

use crate::support::Database;

/// Each table with its columns: name, type, and whether it may be empty.
type Tables = BTreeMap<String, Vec<(String, String, bool)>>;

fn migrations(folder: &str) -> BTreeMap<String, String> {
    std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_table_of_sqlite_is_here_with_the_same_columns_in_the_same_order() {
    let (sqlite, own) = (migrations("../migrations"), migrations("migrations"));
    assert_eq!(
        sqlite.keys().collect::<Vec<_>>(),
        own.keys().collect::<Vec<_>>(),
        "one file here for each there"
    );
    assert_eq!(
        own.values().map(String::as_str).collect::<Vec<_>>(),
        MIGRATIONS,
        "all of them are in the list"
    );
    let Some(database) = Database::new() else { return };
    let statements: Vec<&str> = sqlite.values().map(String::as_str).collect();
    let expected = of_sqlite(&statements);
    drop(PostgresStore::open(&database.url, Writers::One, &MIGRATIONS, &[]).unwrap());
    let mut found = of_postgres(&database);
    for own in ["juyu_schema", "commit_marks"] {
        assert!(found.remove(own).is_some());
    }
    assert_eq!(found, expected);
}

fn of_sqlite(migrations: &[&str]) -> Tables {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("node.db"), migrations, &[]).unwrap();
    let connection = store.connection();
    let mut statement = connection
        .prepare(
            "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_schema t \
             JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' \
             ORDER BY t.name, c.cid",
        )
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut tables = Tables::new();
    while let Some(row) = rows.next().unwrap() {
        let kind: String = row.get(2).unwrap();
        let kind = match kind.as_str() {
            "INTEGER" => "bigint",
            "TEXT" => "text",
            "BLOB" => "bytea",
            other => panic!("{other} has no place in a STRICT table of ours"),
        };
        let column = (row.get(1).unwrap(), kind.to_owned(), row.get(3).unwrap());
        tables.entry(row.get(0).unwrap()).or_default().push(column);
    }
    tables
}

fn of_postgres(database: &Database) -> Tables {
    let listed = database.sql(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns \
         WHERE table_schema = 'public' AND column_name <> 'row_no' ORDER BY table_name, ordinal_position",
    );
    let mut tables = Tables::new();
    for line in listed.lines() {
        let cells: Vec<&str> = line.split('|').collect();
        let column = (cells[1].to_owned(), cells[2].to_owned(), cells[3] == "YES");
        tables.entry(cells[0].to_owned()).or_default().push(column);
    }
    tables
}
