//! A file that is not what it was: bits flipped, cut short, its log deleted, its journal edited. Found at the start or by the check of
//! the night, or nothing that was recorded has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rusqlite::Connection;

use super::case::{Case, either};
use super::drill::{Snapshot, drill, path, till_with};
use super::strace::{calls, killed_at};

/// Sales before the damage.
const SALES: u32 = 12;

/// Where damage was found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    AtStart,
    AtNight,
    /// Nowhere, and everything is as it was recorded.
    Harmless,
}

/// The journal and the books, row by row.
fn told(file: &Path) -> Result<Vec<String>, rusqlite::Error> {
    let connection = Connection::open(file)?;
    let mut told = Vec::new();
    for sql in [
        "SELECT hex(device) || hex(incarnation) || seq || hex(hash) || hex(bytes) FROM entries JOIN streams USING (stream_id) ORDER BY pos",
        "SELECT sale_id || '|' || total || '|' || vat || '|' || coalesce(cancelled_at_ms, '') FROM sales ORDER BY sale_id",
        "SELECT sale_id || line_no || product_id || quantity_milli || unit_price || amount FROM sale_lines ORDER BY sale_id",
        "SELECT sale_id || tender_no || kind || amount FROM sale_tenders ORDER BY sale_id",
    ] {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            told.push(row.get(0)?);
        }
    }
    Ok(told)
}

/// Starts the till on what is there, sells once, and checks as at night.
fn looked_for(folder: &Path, before: &[String]) -> Found {
    let run = |words: &[&str]| drill(words).stdin(Stdio::null()).output().unwrap();
    let started = run(&["sell", &path(folder), "1"]);
    if !started.status.success() {
        assert!(started.stdout.is_empty(), "it sold and then failed: {started:?}");
        let why = String::from_utf8_lossy(&started.stderr).into_owned();
        assert!(!why.contains("panicked"), "{why}");
        return Found::AtStart;
    }
    let checked = run(&["check", &path(folder)]);
    if String::from_utf8_lossy(&checked.stdout).trim() != "well" {
        return Found::AtNight;
    }
    let after = told(&database(folder)).unwrap();
    for row in before {
        assert!(after.contains(row), "a row was changed and nobody noticed: {row:.200}");
    }
    Found::Harmless
}

fn database(folder: &Path) -> PathBuf {
    folder.join("till.db")
}

/// A till that has sold, as files with everything in the database itself.
fn sold_and_folded() -> (tempfile::TempDir, Snapshot, Vec<String>) {
    let (folder, _) = till_with(SALES);
    let file = database(folder.path());
    Connection::open(&file).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let before = told(&file).unwrap();
    let snapshot = Snapshot::of(folder.path());
    (folder, snapshot, before)
}

#[test]
fn r27_a_flipped_bit_anywhere_in_the_database_is_found_or_harmless() {
    let mut case = Case::new("bit-flip");
    let (folder, snapshot, before) = sold_and_folded();
    let file = database(folder.path());
    let length = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap();
    let mut found = 0;
    for place in (16..length).step_by(either(length / 150, 61)) {
        case.run(&format!("bit {} of byte {place}", place % 8), |_| {
            snapshot.put_back();
            let mut bytes = fs::read(&file).unwrap();
            bytes[place] ^= 1 << (place % 8);
            fs::write(&file, bytes).unwrap();
            found += usize::from(looked_for(folder.path(), &before) != Found::Harmless);
        });
    }
    assert!(found > 0, "I8: no flip was found");
    case.end();
}

#[test]
fn r27_a_database_that_is_cut_short_is_found() {
    let mut case = Case::new("truncation");
    let (folder, snapshot, before) = sold_and_folded();
    let file = database(folder.path());
    let length = fs::metadata(&file).unwrap().len();
    for part in 1..either(10, 100) {
        case.run(&format!("{part} parts of the file"), |_| {
            snapshot.put_back();
            let shorter = length * part / either(10, 100);
            fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(shorter).unwrap();
            assert_ne!(looked_for(folder.path(), &before), Found::Harmless);
        });
    }
    case.end();
}

#[test]
fn r4_a_log_that_was_deleted_is_found_and_a_new_life_begins() {
    let mut case = Case::new("wal-deleted");
    let (folder, snapshot, _) = sold_and_folded();
    let sell = || drill(&["sell", &path(folder.path()), "3"]);
    let writes = calls(&mut sell())["write"];
    case.run("sales in the log alone", |_| {
        snapshot.put_back();
        // Dies before it says the last one, so that the log is not folded in.
        killed_at(&mut sell(), "write", writes);
        let log = folder.path().join("till.db-wal");
        assert!(fs::metadata(&log).is_ok_and(|log| log.len() > 0), "I8: there was to be a log");
        fs::remove_file(log).unwrap();
        let started = drill(&["sell", &path(folder.path()), "1"]).stdin(Stdio::null()).output().unwrap();
        assert!(started.status.success(), "{started:?}");
        let lives: i64 = Connection::open(database(folder.path()))
            .unwrap()
            .query_row("SELECT count(*) FROM streams WHERE own = 1", [], |row| row.get(0))
            .unwrap();
        assert_eq!(lives, 2, "the numbers of the lost sales are not given again");
    });
    case.end();
}

#[test]
fn r27_an_insiders_edit_of_the_journal_is_found() {
    let mut case = Case::new("insider");
    let (folder, snapshot, before) = sold_and_folded();
    let changed = "replace(cast(bytes AS TEXT), '\"ml\":20000', '\"ml\":10000')";
    for (what, edit) in [
        ("less was sold", format!("UPDATE entries SET bytes = cast({changed} AS BLOB) WHERE seq = 5")),
        ("the last sale is less", format!("UPDATE entries SET bytes = cast({changed} AS BLOB) WHERE pos = (SELECT max(pos) FROM entries)")),
        ("a sale is gone", "DELETE FROM entries WHERE seq = 6".to_owned()),
        ("the last sale is gone", "DELETE FROM entries WHERE pos = (SELECT max(pos) FROM entries)".to_owned()),
        ("the last sale and the head are gone", "DELETE FROM entries WHERE pos = (SELECT max(pos) FROM entries); \
          UPDATE streams SET head_seq = head_seq - 1, head_hash = (SELECT hash FROM entries ORDER BY pos DESC LIMIT 1)".to_owned()),
        ("two sales change places", "UPDATE entries SET seq = 100 WHERE seq = 5; UPDATE entries SET seq = 5 WHERE seq = 6; \
          UPDATE entries SET seq = 6 WHERE seq = 100".to_owned()),
    ] {
        case.run(what, |_| {
            snapshot.put_back();
            let connection = Connection::open(database(folder.path())).unwrap();
            let triggers: Vec<(String, String)> = connection
                .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
                .and_then(|mut rows| rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
                .unwrap();
            let drops: String = triggers.iter().map(|(name, _)| format!("DROP TRIGGER {name};")).collect();
            let makes: String = triggers.iter().map(|(_, sql)| format!("{sql};")).collect();
            connection.execute_batch(&format!("{drops} {edit}; {makes}")).unwrap();
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            drop(connection);
            let lives = || -> i64 {
                Connection::open(database(folder.path()))
                    .unwrap()
                    .query_row("SELECT count(*) FROM streams WHERE own = 1", [], |row| row.get(0))
                    .unwrap()
            };
            let before = if what.contains("head") { &[][..] } else { &before };
            // A tail that is gone with its head verifies; the marker beside the file knows better.
            assert!(looked_for(folder.path(), before) != Found::Harmless || lives() == 2, "nobody noticed");
        });
    }
    case.end();
}
