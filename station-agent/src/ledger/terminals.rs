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
    /// Its newest sale, milliseconds since 1970 UTC.
    pub last_sale_at_ms: Option<i64>,
}

/// Enrolled tills by number.
///
/// # Errors
/// The database does not answer.
pub fn list(connection: &Connection, station: &StationCode) -> rusqlite::Result<Vec<TerminalNow>> {
    let mut statement = connection.prepare_cached(
        "SELECT d.terminal, d.device, \
                (SELECT max(e.received_at_ms) FROM streams s JOIN entries e \
                   ON e.stream_id = s.stream_id AND e.seq = s.head_seq WHERE s.device = d.device), \
                (SELECT max(sold_at_ms) FROM sales WHERE station = $1 AND terminal = d.terminal) \
         FROM (SELECT unhex(device) AS device, terminal, enrolled_at_ms FROM enrolled_devices \
               WHERE role = 'terminal' AND station = $1 AND revoked_generation < generation) d WHERE true \
           AND d.terminal IS NOT NULL ORDER BY d.terminal, d.enrolled_at_ms",
    )?;
    let rows = statement.query_map(params![station.as_str()], |row| {
        Ok(TerminalNow {
            terminal: row.get(0)?,
            devices: vec![DeviceId(row.get(1)?)],
            last_entry_at_ms: row.get(2)?,
            last_sale_at_ms: row.get(3)?,
        })
    })?;
    let mut terminals: Vec<TerminalNow> = Vec::new();
    for row in rows {
        let row = row?;
        match terminals.last_mut().filter(|last| last.terminal == row.terminal) {
            Some(last) => {
                last.devices.extend(row.devices);
                last.last_entry_at_ms = last.last_entry_at_ms.max(row.last_entry_at_ms);
            }
            None => terminals.push(row),
        }
    }
    Ok(terminals)
}
