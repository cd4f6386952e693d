//! The list of devices.

use rusqlite::{Connection, OptionalExtension as _, Row};

/// Devices listed at most: ten thousand stations with three each.
const DEVICES_MAX: u32 = 50_000;

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Hexadecimal.
    pub device: String,
    /// Its station.
    pub station: String,
    /// `agent`, `terminal` or `office`.
    pub role: String,
    /// Its number, if it is a till.
    pub terminal: Option<i64>,
    /// When it was enrolled last.
    pub enrolled_at_ms: i64,
    /// When its certificate ends.
    pub ends_at_ms: i64,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
    /// Why.
    pub revoked_why: Option<String>,
}

const COLUMNS: &str =
    "device, station, role, terminal, enrolled_at_ms, ends_at_ms, revoked_at_ms, revoked_why";

/// Every device that head office knows of, by station, agents first.
pub fn devices(connection: &Connection) -> rusqlite::Result<Vec<DeviceRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM enrolled_devices WHERE role <> '' \
             ORDER BY station, role, terminal, enrolled_at_ms LIMIT $1"
        ))?
        .query_map([DEVICES_MAX], row_of)?
        .collect()
}

/// One of them, by its hexadecimal id.
pub fn device(connection: &Connection, device: &str) -> rusqlite::Result<Option<DeviceRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM enrolled_devices WHERE device = $1"))?
        .query_row([device], row_of)
        .optional()
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    Ok(DeviceRow {
        device: row.get(0)?,
        station: row.get(1)?,
        role: row.get(2)?,
        terminal: row.get(3)?,
        enrolled_at_ms: row.get(4)?,
        ends_at_ms: row.get(5)?,
        revoked_at_ms: row.get(6)?,
        revoked_why: row.get(7)?,
    })
}
