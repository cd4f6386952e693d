//! The limits: the same rows, read and written in bulk without a network, and the same items compressed in one piece.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;
use rusqlite::types::Value;

/// As the product packs parts.
const LEVEL: i32 = 3;

/// Rows of `tables`, written by prepared statements in one transaction, same pragmas.
pub fn copy_in_bulk(from: &Path, to: &Path, tables: &[&str]) -> Result<Duration> {
    let source = sync::store::sqlite::open_reader(from)?;
    let mut target = Connection::open(to)?;
    target.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    target.pragma_update(None, "synchronous", "FULL")?;
    target.execute_batch(sync::MIGRATION_JOURNAL)?;
    target.execute_batch(sync::MIGRATION_BOOKS)?;
    target.execute_batch("ALTER TABLE feed_items ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0")?;
    let begun = Instant::now();
    let transaction = target.transaction()?;
    for table in tables {
        let mut read = source.prepare(&format!("SELECT * FROM {table}"))?;
        let width = read.column_count();
        let places: Vec<String> = (1..=width).map(|n| format!("${n}")).collect();
        let insert = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
        let mut write = transaction.prepare_cached(&insert)?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            let cells: Vec<Value> = (0..width).map(|n| row.get(n)).collect::<Result<_, _>>()?;
            write.execute(rusqlite::params_from_iter(cells))?;
        }
    }
    transaction.commit()?;
    Ok(begun.elapsed())
}

/// Bytes of all live items of the chain's feed with their keys: as they are, and compressed in one piece.
pub fn items_len(database: &Path) -> Result<(usize, usize)> {
    let source = sync::store::sqlite::open_reader(database)?;
    let mut read =
        source.prepare("SELECT key, bytes FROM feed_items WHERE scope = 'chain' ORDER BY version")?;
    let mut rows = read.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.extend(row.get::<_, String>(0)?.into_bytes());
        all.extend(row.get::<_, Vec<u8>>(1)?);
    }
    Ok((all.len(), zstd::bulk::compress(&all, LEVEL)?.len()))
}
