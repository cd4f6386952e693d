//! Rows of a journal that vanish, or are altered, in a database that is whole to SQLite: found by the writer's audits and put back,
//! while everybody sells on.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;

use crate::eventually::holds;
use crate::invariants::{Database, databases};
use crate::stage::{HEALED, Stage};

use super::case::Case;
use super::shopfront::Shopfront;

/// What an intruder with the file in hand does: the guards go, the edit is made, the guards are put up again.
fn edit(file: &Path, edit: &str) -> usize {
    let connection = Connection::open(file).unwrap();
    let guards: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'entries'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(!guards.is_empty(), "I8: there were to be guards");
    for (name, _) in &guards {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    let changed = connection.execute(edit, []).unwrap();
    for (_, sql) in &guards {
        connection.execute_batch(sql).unwrap();
    }
    changed
}

/// Entries of tills in the order of places, for comparison with what was there before.
fn tills_entries(database: &Database) -> i64 {
    database.number("SELECT count(*) FROM entries JOIN streams USING (stream_id) WHERE role = 'terminal'")
}

fn mended(database: &Database) -> i64 {
    database.number("SELECT count(*) FROM mended WHERE open = 0")
}

const OF_TILLS: &str = "stream_id IN (SELECT stream_id FROM streams WHERE role = 'terminal')";

/// Edits the database of the program `name` while it is stopped, and waits until its journals are whole again.
fn healed(case: &mut Case, name: &str, which: fn(&Stage) -> Database) {
    let mut front = Shopfront::open(Stage::small());
    (0..12).for_each(|_| front.sell());
    front.agrees_again(case, Instant::now());
    let whole = tills_entries(&which(&front.stage));
    let file = which(&front.stage).file();
    let last = "seq = (SELECT head_seq FROM streams s WHERE s.stream_id = entries.stream_id)";
    let altered = "bytes = cast(replace(cast(bytes AS TEXT), '\"ml\":', '\"ml\":1') AS BLOB)";
    for (what, edits) in [
        (
            "a row in the middle and the last row are deleted",
            [
                format!("DELETE FROM entries WHERE seq = 6 AND {OF_TILLS}"),
                format!("DELETE FROM entries WHERE {last} AND {OF_TILLS}"),
            ],
        ),
        (
            "many rows are deleted, and two say that less was sold",
            [
                format!("DELETE FROM entries WHERE seq BETWEEN 2 AND 7 AND {OF_TILLS}"),
                format!("UPDATE entries SET {altered} WHERE seq IN (10, 11) AND {OF_TILLS}"),
            ],
        ),
    ] {
        case.run(what, |case| {
            front.stage.fleet.kill_and_hold(name).unwrap();
            let before = mended(&which(&front.stage));
            edits.iter().for_each(|sql| assert!(edit(&file, sql) > 0, "I8: nothing was edited by {sql}"));
            front.stage.fleet.release(name).unwrap();
            let back = Instant::now();
            front.sells_again(case, back);
            holds(HEALED, "the rows to be put back", || {
                let now = which(&front.stage);
                mended(&now) > before
                    && tills_entries(&now) > whole
                    && now.number("SELECT count(*) FROM streams s WHERE head_seq <> (SELECT count(*) FROM entries e WHERE e.stream_id = s.stream_id)") == 0
            });
            front.agrees_again(case, back);
            front.check();
        });
    }
}

#[test]
fn r29_rows_lost_or_altered_at_head_office_are_found_and_healed() {
    let mut case = Case::new("hq-rows-lost");
    healed(&mut case, "hq", |stage| databases(stage).0);
    case.end();
}

#[test]
fn r29_rows_lost_or_altered_at_the_station_are_found_and_healed() {
    let mut case = Case::new("station-rows-lost");
    healed(&mut case, "ST0001", |stage| databases(stage).1);
    case.end();
}

/// Figures that an insider changes in the books alone: no entry says so, and the proof after the start puts the journal's back.
#[test]
fn an_insiders_edit_of_the_books_is_found_and_put_right() {
    let mut case = Case::new("insider-books");
    let mut front = Shopfront::open(Stage::small());
    (0..6).for_each(|_| front.sell());
    front.agrees_again(&mut case, Instant::now());
    for (name, file) in
        [("hq", databases(&front.stage).0.file()), ("ST0001", databases(&front.stage).1.file())]
    {
        case.run(name, |case| {
            front.stage.fleet.kill_and_hold(name).unwrap();
            for sql in [
                "UPDATE sales SET total = total - 1000 WHERE sale_id = (SELECT min(sale_id) FROM sales)",
                "DELETE FROM sales WHERE sale_id = (SELECT max(sale_id) FROM sales)",
                "UPDATE day_totals SET cash = cash - 1000, amount = amount - 1000",
                "UPDATE stock SET on_hand_milli = on_hand_milli + 5000 WHERE product_id = 'CD1001'",
            ] {
                let edited = Connection::open(&file).unwrap().execute(sql, []).unwrap();
                assert!(edited > 0, "I8: nothing was edited by {sql}");
            }
            front.stage.fleet.release(name).unwrap();
            let back = Instant::now();
            holds(HEALED, "the books to be put right", || {
                let noted = "SELECT count(*) FROM store_notes WHERE kind = 'books' AND well = 0";
                let noted = Connection::open(&file)
                    .and_then(|connection| connection.query_row(noted, [], |row| row.get::<_, i64>(0)));
                noted.is_ok_and(|count| count > 0)
            });
            front.sells_again(case, back);
            front.agrees_again(case, back);
            front.check();
        });
    }
    case.end();
}
