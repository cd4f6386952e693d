//! The books proven from the journal: what a station's entries add up to is what its tables say, row by row. Finds what
//! changed a book without an entry, and whoever changed it cannot have changed the journals of the devices that wrote them.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, params};
use sync_proto::ledger::{
    Account, DayTotal, Ledger, Sale, SaleLine, SaleTender, SalesSummary, Stock, StockFlow,
};
use sync_proto::project::{Projection as _, WANT_ROUNDS_MAX, read_posting};
use sync_proto::rows::{RowChange, RowKey, Rows, Table as _, TableSpec, Value};
use sync_proto::{Entry, EntryKey, Seq, StationCode};

use super::super::{StoreError, StreamRow};
use super::read::{self, seq_cell};
use super::texts::Texts;

/// A station with a longer journal is not proven in one piece: a thousand sales a day make this in three years, and they
/// take about a gigabyte while they are added up.
const ENTRIES_MAX: u64 = 1_000_000;

/// Entries read in one go.
const STEP_ENTRIES: u32 = 2_000;

/// Differences that are kept; one is enough to call somebody.
const FAULTS_MAX: usize = 1_000;

/// What follows from entries of the station's own devices alone, and how the rows of a station are counted.
const BOOKS: &[(&TableSpec, &str)] = &[
    (Sale::SPEC, "SELECT count(*) FROM sales WHERE station = $1"),
    (
        SaleLine::SPEC,
        "SELECT count(*) FROM sale_lines WHERE sale_id IN (SELECT sale_id FROM sales WHERE station = $1)",
    ),
    (
        SaleTender::SPEC,
        "SELECT count(*) FROM sale_tenders WHERE sale_id IN (SELECT sale_id FROM sales WHERE station = $1)",
    ),
    (Stock::SPEC, "SELECT count(*) FROM stock WHERE station = $1"),
    (StockFlow::SPEC, "SELECT count(*) FROM stock_flows WHERE station = $1"),
    (SalesSummary::SPEC, "SELECT count(*) FROM sales_summaries WHERE station = $1"),
    (DayTotal::SPEC, "SELECT count(*) FROM day_totals WHERE station = $1"),
    (Account::SPEC, "SELECT count(*) FROM accounts WHERE station = $1"),
];

/// A row that is not what the journal makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookFault {
    /// Which row.
    pub key: RowKey,
    /// Its cells by the journal.
    pub expected: Vec<Value>,
    /// Its cells as they stand; absent when the row is missing.
    pub found: Option<Vec<Value>>,
}

impl std::fmt::Display for BookFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let table = self.key.table.0;
        let key: Vec<String> = self.key.key.iter().map(text_of).collect();
        write!(f, "{} {}: ", table.name, key.join(" "))?;
        let Some(found) = &self.found else { return write!(f, "the row is missing") };
        let cells = table.cells.iter().zip(self.expected.iter().zip(found));
        let differ = cells.filter(|(_, (expected, found))| expected != found);
        let told: Vec<String> = differ
            .map(|(name, (expected, found))| {
                format!("{name} is {}, by the journal {}", text_of(found), text_of(expected))
            })
            .collect();
        f.write_str(&told.join(", "))
    }
}

/// What a proof found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// Stations whose books were proven.
    pub stations: u64,
    /// Entries that were added up.
    pub entry_count: u64,
    /// Stations that were left out, because a part of their journal was purged or it is too long.
    pub left_out: u64,
    /// Rows that differ.
    pub rows: Vec<BookFault>,
    /// Tables that hold more rows of a station than its journal makes: station, table, how many more.
    pub surplus: Vec<(String, &'static str, i64)>,
}

impl Proof {
    /// Nothing was found.
    pub fn is_well(&self) -> bool {
        self.rows.is_empty() && self.surplus.is_empty()
    }

    /// One line for people, with the first few differences.
    pub fn summary(&self) -> String {
        if self.is_well() {
            return format!("books of {} stations proven from {} entries", self.stations, self.entry_count);
        }
        let rows = self.rows.iter().take(3).map(ToString::to_string);
        let more = self.surplus.iter().take(3);
        let more =
            more.map(|(station, table, n)| format!("{station}: {table} has {n} rows that no entry made"));
        let told: Vec<String> = rows.chain(more).collect();
        format!("{} rows of the books differ from the journal: {}", self.count(), told.join("; "))
    }

    fn count(&self) -> usize {
        self.rows.len().saturating_add(self.surplus.len())
    }
}

/// Proves the books of every station whose whole journal is here. Reads one moment of the database.
///
/// # Errors
/// The database does not answer, or holds what no journal can.
pub fn prove_books(connection: &mut Connection, ledger: &Ledger) -> Result<Proof, StoreError> {
    let moment = connection.transaction()?;
    let mut stations: BTreeMap<StationCode, Vec<StreamRow>> = BTreeMap::new();
    for row in read::streams(&moment)? {
        stations.entry(row.origin.station.clone()).or_default().push(row);
    }
    let mut proof = Proof::default();
    for (station, streams) in stations {
        let entries: u64 = streams.iter().map(|row| row.head.seq.0).sum();
        if streams.iter().any(|row| row.purged.seq != Seq::NONE) || entries > ENTRIES_MAX {
            proof.left_out = proof.left_out.saturating_add(1);
            continue;
        }
        let made = add_up(&moment, ledger, &streams)?;
        compare(&moment, &station, &made, &mut proof)?;
        proof.stations = proof.stations.saturating_add(1);
        proof.entry_count = proof.entry_count.saturating_add(entries);
    }
    Ok(proof)
}

/// The rows that the entries of these streams make.
fn add_up(
    connection: &Connection,
    ledger: &Ledger,
    streams: &[StreamRow],
) -> Result<Vec<RowChange>, StoreError> {
    let aside = aside(connection)?;
    let mut rows = Rows::default();
    for row in streams {
        let end = if row.own { cut(connection, row)? } else { row.head.seq };
        let mut from = Seq(1);
        while from <= end {
            let page = read::entries(connection, &row.id, from, STEP_ENTRIES, usize::MAX)?;
            let Some(last) = page.last() else { break };
            from = last.key.seq.next();
            for entry in page.iter().filter(|entry| entry.key.seq <= end) {
                if !aside.contains(&named(entry.key)) {
                    project(ledger, row, entry, &mut rows);
                }
            }
        }
    }
    Ok(rows.into_changes())
}

/// Projects one entry; what does not project is not in the books, whether it stepped aside or is of no kind they know.
fn project(ledger: &Ledger, row: &StreamRow, entry: &Entry, rows: &mut Rows) {
    let Ok(Some(posting)) = read_posting(&row.origin, entry) else { return };
    for _ in 0..WANT_ROUNDS_MAX {
        let mut keys = ledger.wants(&posting, rows);
        keys.retain(|key| !rows.has(key));
        if keys.is_empty() {
            break;
        }
        // Nothing was there before the first entry.
        keys.into_iter().for_each(|key| rows.insert_fetched(key, None));
    }
    let before = rows.savepoint();
    if ledger.project(&posting, rows).is_err() {
        rows.roll_back(before);
    }
}

/// Entries that stepped aside and are in no book.
fn aside(connection: &Connection) -> Result<HashSet<(String, i64)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT stream, seq FROM set_aside WHERE fork = '' AND replayed_at_ms IS NULL")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn named(key: EntryKey) -> (String, i64) {
    (key.stream.to_text(), seq_cell(key.seq))
}

/// Where a life of the own journal was carried on in the next: what stands behind is there once more (R4).
fn cut(connection: &Connection, row: &StreamRow) -> Result<Seq, StoreError> {
    let mut statement = connection.prepare_cached("SELECT through FROM stream_cuts WHERE stream = $1")?;
    let mut rows = statement.query(params![row.id.to_text()])?;
    let through: Option<i64> = rows.next()?.map(|found| found.get(0)).transpose()?;
    Ok(through.and_then(|through| u64::try_from(through).ok()).map_or(row.head.seq, Seq))
}

fn compare(
    connection: &Connection,
    station: &StationCode,
    made: &[RowChange],
    proof: &mut Proof,
) -> Result<(), StoreError> {
    let mut texts = Texts::default();
    for (table, count) in BOOKS {
        let mut of_table: Vec<(RowKey, Vec<Value>)> = Vec::new();
        for change in made.iter().filter(|change| change.key.table.0.name == table.name) {
            if let Some(cells) = &change.cells {
                of_table.push((change.key.clone(), cells.clone()));
            }
        }
        let keys: Vec<RowKey> = of_table.iter().map(|(key, _)| key.clone()).collect();
        let stored = read::rows(connection, &mut texts, &keys)?;
        let mut held = 0i64;
        for ((key, expected), found) in of_table.into_iter().zip(stored) {
            held += i64::from(found.is_some());
            let expected = with_running_stock_of(table, expected, found.as_deref());
            if found.as_ref() != Some(&expected) && proof.rows.len() < FAULTS_MAX {
                proof.rows.push(BookFault { key, expected, found });
            }
        }
        let all: i64 = connection.prepare_cached(count)?.query_row([station.as_str()], |row| row.get(0))?;
        if all > held && proof.surplus.len() < FAULTS_MAX {
            proof.surplus.push((station.to_string(), table.name, all.saturating_sub(held)));
        }
    }
    Ok(())
}

/// The stock after a movement depends on the order in which journals arrived here, so it is no part of the proof.
fn with_running_stock_of(table: &TableSpec, mut expected: Vec<Value>, found: Option<&[Value]>) -> Vec<Value> {
    if table.name == StockFlow::SPEC.name
        && let Some(place) = table.cells.iter().position(|cell| *cell == "after_milli")
        && let (Some(cell), Some(stands)) =
            (expected.get_mut(place), found.and_then(|found| found.get(place)))
    {
        cell.clone_from(stands);
    }
    expected
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Int(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
