//! What head office holds durably, read from its database.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rusqlite::Connection;
use sync::Reader;
use sync::store::sqlite::open_reader;

/// A backlog that is not there by then never comes.
const WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Entries of other devices.
pub async fn entries(reader: &Reader) -> Result<u64> {
    let sum = |connection: &Connection| {
        connection.query_row("SELECT coalesce(sum(head_seq), 0) FROM streams WHERE own = 0", [], |row| {
            row.get::<_, i64>(0)
        })
    };
    Ok(u64::try_from(reader.query(sum).await?)?)
}

/// Waits for so many entries.
pub async fn wait(reader: &Reader, count: u64) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < WITHIN {
        if entries(reader).await? >= count {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bail!("the backlog had not arrived after {WITHIN:?}")
}

/// Sales in a database that nobody writes.
pub fn sales(path: &Path) -> Result<u64> {
    let count: i64 = open_reader(path)?.query_row("SELECT count(*) FROM sales", [], |row| row.get(0))?;
    Ok(u64::try_from(count)?)
}
