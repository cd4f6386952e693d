//! The station's tills as the journal knows them.

use rusqlite::{Connection, params};
use sync_proto::{DeviceId, StationCode};

/// A till. Several devices with one number are the same till: a replaced computer keeps its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalNow {
    /// Its number.
    pub terminal: u32,
    /// The devices enrolled under it, newest last.
    pub devices: Vec<DeviceId>,
    /// When its newest entry was stored here, milliseconds since 1970 UTC.
    pub last_entry_at_ms: Option<i64>,
    /// Entries that HQ has not acknowledged.
    pub pending_at_hq: u64,
    /// Its newest sale, milliseconds since 1970 UTC.
    pub last_sale_at_ms: Option<i64>,
}

/// Enrolled tills by number. `upstream` names HQ's acknowledgements.
///
/// # Errors
/// The database does not answer.
pub fn list(
    connection: &Connection,
    station: &StationCode,
    upstream: &str,
) -> rusqlite::Result<Vec<TerminalNow>> {
    let mut statement = connection.prepare_cached(
        "SELECT d.terminal, d.device, \
                (SELECT max(e.received_at_ms) FROM streams s JOIN entries e \
                   ON e.stream_id = s.stream_id AND e.seq = s.head_seq WHERE s.device = d.device), \
                (SELECT coalesce(sum(max(s.head_seq - coalesce(a.through, 0), 0)), 0) FROM streams s \
                   LEFT JOIN acks a ON a.stream_id = s.stream_id AND a.upstream = $1 \
                   WHERE s.device = d.device), \
                (SELECT max(sold_at_ms) FROM sales WHERE station = $2 AND terminal = d.terminal) \
         FROM (SELECT unhex(device) AS device, terminal, enrolled_at_ms FROM enrolled_devices \
               WHERE role = 'terminal' AND station = $2 AND revoked_generation < generation) d WHERE true \
           AND d.terminal IS NOT NULL ORDER BY d.terminal, d.enrolled_at_ms",
    )?;
    let rows = statement.query_map(params![upstream, station.as_str()], |row| {
        Ok(TerminalNow {
            terminal: row.get(0)?,
            devices: vec![DeviceId(row.get(1)?)],
            last_entry_at_ms: row.get(2)?,
            pending_at_hq: row.get::<_, i64>(3)?.unsigned_abs(),
            last_sale_at_ms: row.get(4)?,
        })
    })?;
    let mut terminals: Vec<TerminalNow> = Vec::new();
    for row in rows {
        let row = row?;
        match terminals.last_mut().filter(|last| last.terminal == row.terminal) {
            Some(last) => {
                last.devices.extend(row.devices);
                last.last_entry_at_ms = last.last_entry_at_ms.max(row.last_entry_at_ms);
                last.pending_at_hq = last.pending_at_hq.saturating_add(row.pending_at_hq);
            }
            None => terminals.push(row),
        }
    }
    Ok(terminals)
}
