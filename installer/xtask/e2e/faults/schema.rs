//! Upgrade and downgrade in mid-queue: a database of the schema before, with entries that nobody has yet, and one of a schema to come.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use xtask::workspace;

use super::case::{Case, either};
use super::drill::{Snapshot, drill, lines, path, sells_on, sold, till_with};
use super::shop;
use super::strace::{CHANGING, calls, killed_at};

/// Sales that wait for their upload when the program is replaced.
const PENDING: u32 = 20;

#[test]
fn r34_a_database_of_a_newer_schema_is_refused_and_left_as_it_is() {
    let mut case = Case::new("downgrade");
    let (folder, before) = till_with(PENDING);
    let file = database(folder.path());
    let version = user_version(&Connection::open(&file).unwrap());
    case.run("one schema too new", |case| {
        Connection::open(&file).unwrap().pragma_update(None, "user_version", version + 1).unwrap();
        let output = drill(&["sell", &path(folder.path()), "1"]).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "an older program sold: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("newer version"), "it says why: {said}");
        assert_eq!(user_version(&Connection::open(&file).unwrap()), version + 1);
        // The newer program is installed again.
        Connection::open(&file).unwrap().pragma_update(None, "user_version", version).unwrap();
        let sale = sells_on(case, folder.path());
        shop::open(folder.path()).1.holds(&[before.clone(), vec![sale]].concat(), 0);
    });
    case.end();
}

#[test]
fn r34_an_upgrade_killed_at_any_call_keeps_what_waited_for_its_upload() {
    let mut case = Case::new("upgrade");
    let (folder, before) = till_with(PENDING);
    let folder = folder.path();
    let newest = user_version(&Connection::open(database(folder)).unwrap());
    let present = Snapshot::of(folder);
    for schema in (3..newest).rev().take(either(1, usize::MAX)) {
        present.put_back();
        take_back(folder, schema);
        let older = Snapshot::of(folder);
        let command = || drill(&["sell", &path(folder), "1"]);
        for (call, count) in calls(&mut command()) {
            let stride = if CHANGING.contains(&call.as_str()) { either(2, 1) } else { either(16, 1) };
            for nth in (1..=count).step_by(stride) {
                case.run(&format!("from schema {schema}, {call} {nth}"), |case| {
                    older.put_back();
                    let said = lines(&killed_at(&mut command(), &call, nth));
                    let sale = sells_on(case, folder);
                    let (database, shop) = shop::open(folder);
                    assert_eq!(user_version(&database.connection), newest);
                    shop.holds(&[before.clone(), sold(&said), vec![sale]].concat(), 1);
                });
            }
        }
    }
    case.end();
}

fn database(folder: &Path) -> PathBuf {
    folder.join("till.db")
}

fn user_version(connection: &Connection) -> i64 {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// The statements of every schema of a till in order: its own first one stands third.
fn migrations() -> Vec<String> {
    let mut shared = sql_files("sync/migrations");
    let own = sql_files("pos-desktop/core/migrations");
    shared.splice(2..2, own.into_iter().take(1));
    shared
}

fn sql_files(folder: &str) -> Vec<String> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(workspace::path(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// Makes of a folder's database one that an older program wrote: the older schema with whatever it had a place for.
fn take_back(folder: &Path, schema: i64) {
    let (new, old) = (database(folder), folder.join("older"));
    let older = Connection::open(&old).unwrap();
    for statements in migrations().iter().take(usize::try_from(schema).unwrap()) {
        older.execute_batch(statements).unwrap();
    }
    older.execute_batch(&format!("ATTACH '{}' AS newer; PRAGMA foreign_keys = OFF;", new.display())).unwrap();
    let names = |sql: &str| -> Vec<String> {
        let mut rows = older.prepare(sql).unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for table in
        names("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    {
        let columns = names(&format!(
            "SELECT o.name FROM pragma_table_info('{table}', 'main') o JOIN pragma_table_info('{table}', 'newer') n USING (name)"
        ));
        if !columns.is_empty() {
            let columns = columns.join(", ");
            let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}");
            older.execute_batch(&copy).unwrap();
        }
    }
    let application: i64 = older.query_row("PRAGMA newer.application_id", [], |row| row.get(0)).unwrap();
    older.execute_batch("DETACH newer").unwrap();
    older.pragma_update(None, "application_id", application).unwrap();
    older.pragma_update(None, "user_version", schema).unwrap();
    drop(older);
    // An older program knew of no marker.
    for file in super::drill::files(folder).iter().filter(|file| **file != old) {
        fs::remove_file(file).unwrap();
    }
    fs::rename(old, new).unwrap();
}
