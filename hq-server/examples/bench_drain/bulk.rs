//! The limit: the same rows, read and written in bulk without a network.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;
use rusqlite::types::Value;

/// Rows per transaction.
const ROWS_PER_COMMIT: usize = 10_000;
/// Tables that a drain fills.
const TABLES: [&str; 7] =
    ["entries", "sales", "sale_lines", "sale_tenders", "stock_flows", "sales_summaries", "day_totals"];

/// Rows read and written with prepared statements in large transactions, same pragmas.
pub fn copy_in_bulk(from: &Path, to: &Path) -> Result<Duration> {
    let source = sync::store::sqlite::open_reader(from)?;
    let mut target = Connection::open(to)?;
    target.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    target.pragma_update(None, "synchronous", "FULL")?;
    // Rows only: whether they refer to each other is not what is measured.
    target.pragma_update(None, "foreign_keys", false)?;
    target.execute_batch(sync::MIGRATION_JOURNAL)?;
    target.execute_batch(sync::MIGRATION_BOOKS)?;
    let begun = Instant::now();
    for table in TABLES {
        copy_table(&source, &mut target, table)?;
    }
    Ok(begun.elapsed())
}

fn copy_table(source: &Connection, target: &mut Connection, table: &str) -> Result<()> {
    let mut read = source.prepare(&format!("SELECT * FROM {table}"))?;
    let places: Vec<String> = (1..=read.column_count()).map(|n| format!("${n}")).collect();
    let insert = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
    let width = read.column_count();
    let mut rows = read.query([])?;
    loop {
        let transaction = target.transaction()?;
        let mut written = 0;
        {
            let mut write = transaction.prepare_cached(&insert)?;
            while written < ROWS_PER_COMMIT
                && let Some(row) = rows.next()?
            {
                let cells: Vec<Value> = (0..width).map(|n| row.get(n)).collect::<Result<_, _>>()?;
                write.execute(rusqlite::params_from_iter(cells))?;
                written += 1;
            }
        }
        transaction.commit()?;
        if written < ROWS_PER_COMMIT {
            return Ok(());
        }
    }
}
