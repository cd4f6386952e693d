//! What head office holds in numbers.

use rusqlite::Connection;
use sync::aside::{self, AsideTotals};

/// Totals over all stations and days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Sales on record, cancelled ones too.
    pub sales_count: i64,
    /// Won, cancellations taken out; what counts of entries set aside is in it (R14).
    pub sales_amount: i64,
    /// Sales cancelled.
    pub cancelled_count: i64,
    /// Entries stored that could not be projected.
    pub aside: AsideTotals,
    /// Version of the chain's feed.
    pub chain_version: i64,
}

/// Adds up.
pub fn totals(connection: &Connection) -> rusqlite::Result<Totals> {
    let aside = aside::totals(connection, None, None)?;
    connection
        .prepare_cached(
            "SELECT coalesce(sum(sale_count), 0), coalesce(sum(amount), 0), \
               coalesce(sum(cancelled_count), 0), \
               (SELECT coalesce(max(version), 0) FROM feeds WHERE scope = 'chain') FROM day_totals",
        )?
        .query_row([], |row| {
            Ok(Totals {
                sales_count: row.get(0)?,
                sales_amount: row.get::<_, i64>(1)?.saturating_add(aside.counted_amount),
                cancelled_count: row.get(2)?,
                aside,
                chain_version: row.get(3)?,
            })
        })
}
