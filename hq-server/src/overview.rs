//! What head office holds in numbers, and what it could not read.

use rusqlite::Connection;

/// Quarantined entries listed at most.
const QUARANTINE_MAX: u32 = 1_000;

/// Totals over all stations and days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Sales on record, cancelled ones too.
    pub sales_count: i64,
    /// Won, cancellations taken out.
    pub sales_amount: i64,
    /// Sales cancelled.
    pub cancelled_count: i64,
    /// Entries stored that could not be projected.
    pub quarantined: i64,
    /// Version of the chain's feed.
    pub chain_version: i64,
}

/// An entry in quarantine.
#[derive(Debug, Clone)]
pub struct QuarantineRow {
    /// Its station.
    pub station: String,
    /// Its device, hexadecimal.
    pub device: String,
    /// Its place in the stream.
    pub seq: i64,
    /// Why it could not be projected.
    pub reason: String,
    /// When it arrived.
    pub at_ms: i64,
    /// Money in it, won.
    pub amount: Option<i64>,
}

/// Adds up.
pub fn totals(connection: &Connection) -> rusqlite::Result<Totals> {
    connection
        .prepare_cached(
            "SELECT coalesce(sum(sale_count), 0), coalesce(sum(amount), 0), \
               coalesce(sum(cancelled_count), 0), (SELECT count(*) FROM quarantine), \
               (SELECT coalesce(max(version), 0) FROM feeds WHERE scope = 'chain') FROM day_totals",
        )?
        .query_row([], |row| {
            Ok(Totals {
                sales_count: row.get(0)?,
                sales_amount: row.get(1)?,
                cancelled_count: row.get(2)?,
                quarantined: row.get(3)?,
                chain_version: row.get(4)?,
            })
        })
}

/// Entries in quarantine, newest first.
pub fn quarantine(connection: &Connection) -> rusqlite::Result<Vec<QuarantineRow>> {
    connection
        .prepare_cached(
            "SELECT s.station, lower(hex(s.device)), q.seq, q.reason, q.at_ms, q.amount \
             FROM quarantine q JOIN streams s ON s.stream_id = q.stream_id \
             ORDER BY q.quarantine_id DESC LIMIT $1",
        )?
        .query_map([QUARANTINE_MAX], |row| {
            Ok(QuarantineRow {
                station: row.get(0)?,
                device: row.get(1)?,
                seq: row.get(2)?,
                reason: row.get(3)?,
                at_ms: row.get(4)?,
                amount: row.get(5)?,
            })
        })?
        .collect()
}
