//! Stations as the console shows them: link, backlog, today's sales, terminals.

use rusqlite::Connection;
use sync::aside;

/// A station with what HQ holds of it.
#[derive(Debug, Clone)]
pub struct StationRow {
    /// Its code.
    pub station: String,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Entries of all its devices stored here.
    pub entries_stored: i64,
    /// Sales of the day, cancelled ones too: each is on record.
    pub today_sales_count: i64,
    /// Won taken that day, cancellations taken out; what counts of entries set aside is in it.
    pub today_sales_amount: i64,
    /// Its entries that are set aside and wait for somebody.
    pub quarantined: i64,
    /// Their money that its totals count, of all days, won.
    pub quarantined_amount: i64,
    /// Its terminals.
    pub terminals: Vec<TerminalRow>,
}

/// A terminal: the streams of one device.
#[derive(Debug, Clone)]
pub struct TerminalRow {
    /// Its number.
    pub terminal: i64,
    /// Its device id, hexadecimal.
    pub device: String,
    /// When its last entry arrived here.
    pub last_entry_at_ms: Option<i64>,
    /// Its entries stored here.
    pub entries_stored: i64,
    /// Version of the chain's feed that it said it applied, and when it said so.
    pub applied: Option<(i64, i64)>,
    /// Whether the chain's feed has gone on since.
    pub behind: bool,
    /// When what it has not applied was published, as far as that is still in the feed.
    pub behind_since_ms: Option<i64>,
}

/// Every station of the register. `writer` is HQ's incarnation, `today` the business day to sum.
pub fn list(connection: &Connection, writer: &str, today: &str) -> rusqlite::Result<Vec<StationRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT n.station, n.name, n.address, \
           coalesce((SELECT sum(head_seq) FROM streams t WHERE t.station = n.station), 0), \
           coalesce((SELECT sum(sale_count) FROM day_totals d \
                     WHERE d.station = n.station AND d.business_day = $1), 0), \
           coalesce((SELECT sum(amount) FROM day_totals d \
                     WHERE d.station = n.station AND d.business_day = $1), 0) \
         FROM stations n ORDER BY n.station",
    )?;
    let mut stations: Vec<StationRow> = statement
        .query_map([today], |row| {
            let station: String = row.get(0)?;
            let aside = aside::totals(connection, Some(&station), None)?;
            let aside_today = aside::totals(connection, Some(&station), Some(today))?.counted_amount;
            Ok(StationRow {
                station,
                name: row.get(1)?,
                address: row.get(2)?,
                entries_stored: row.get(3)?,
                today_sales_count: row.get(4)?,
                today_sales_amount: row.get::<_, i64>(5)?.saturating_add(aside_today),
                quarantined: aside.open,
                quarantined_amount: aside.counted_amount,
                terminals: Vec::new(),
            })
        })?
        .collect::<Result<_, _>>()?;
    for (station, terminal) in terminals(connection, writer)? {
        if let Some(row) = stations.iter_mut().find(|row| row.station == station) {
            row.terminals.push(terminal);
        }
    }
    Ok(stations)
}

fn terminals(connection: &Connection, writer: &str) -> rusqlite::Result<Vec<(String, TerminalRow)>> {
    let chain_version: i64 = connection
        .prepare_cached("SELECT coalesce(max(version), 0) FROM feeds WHERE scope = 'chain'")?
        .query_row([], |row| row.get(0))?;
    let mut statement = connection.prepare_cached(
        "SELECT t.station, t.terminal, lower(hex(t.device)), sum(t.head_seq), \
           max((SELECT e.received_at_ms FROM entries e \
                WHERE e.stream_id = t.stream_id AND e.seq = t.head_seq)), \
           r.version, r.at_ms, \
           (SELECT min(json_extract(CAST(i.bytes AS TEXT), '$.at.w')) FROM feed_items i \
            WHERE i.scope = 'chain' AND i.version > coalesce(r.version, 0) \
              AND json_valid(CAST(i.bytes AS TEXT))) \
         FROM streams t LEFT JOIN feed_reports r ON r.station = t.station \
           AND r.device = lower(hex(t.device)) AND r.scope = 'chain' AND r.writer = $1 \
         WHERE t.role = 'terminal' AND t.terminal IS NOT NULL \
         GROUP BY t.device ORDER BY t.station, t.terminal",
    )?;
    let rows = statement.query_map([writer], |row| {
        let (version, at_ms): (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
        let applied = version.zip(at_ms);
        let terminal = TerminalRow {
            terminal: row.get(1)?,
            device: row.get(2)?,
            entries_stored: row.get(3)?,
            last_entry_at_ms: row.get(4)?,
            applied,
            behind: applied.is_none_or(|(version, _)| version < chain_version),
            behind_since_ms: row.get(7)?,
        };
        Ok((row.get(0)?, terminal))
    })?;
    rows.collect()
}
