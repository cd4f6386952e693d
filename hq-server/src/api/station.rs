//! Stations and terminals.

use serde::Serialize;
use ts_rs::TS;

use crate::instant;
use crate::stations::{Seen, StationRow, TerminalRow};

/// A station.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Station")]
pub struct StationDto {
    station_code: String,
    station_name: String,
    address: String,
    #[ts(type = "\"online\" | \"stale\" | \"never\"")]
    state: &'static str,
    last_seen_at: Option<String>,
    pending_count: Option<i64>,
    pending_oldest_at: Option<String>,
    entries_stored: i64,
    today_sales_count: i64,
    today_sales_amount: i64,
    terminals: Vec<TerminalDto>,
}

/// A terminal.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Terminal")]
pub struct TerminalDto {
    terminal: i64,
    device_id: String,
    last_entry_at: Option<String>,
    entries_stored: i64,
    applied_version: Option<i64>,
    applied_at: Option<String>,
    behind: bool,
}

impl StationDto {
    /// A station with how its link stands.
    pub fn of(row: StationRow, seen: Option<Seen>) -> Self {
        Self {
            state: match seen {
                None => "never",
                Some(seen) if seen.connections > 0 => "online",
                Some(_) => "stale",
            },
            last_seen_at: seen.map(|seen| instant::text(seen.last_seen_at_ms)),
            pending_count: seen.and_then(|seen| seen.pending),
            pending_oldest_at: seen.and_then(|seen| seen.oldest_at_ms).map(instant::text),
            station_code: row.station,
            station_name: row.name,
            address: row.address,
            entries_stored: row.entries_stored,
            today_sales_count: row.today_sales_count,
            today_sales_amount: row.today_sales_amount,
            terminals: row.terminals.into_iter().map(TerminalDto::from).collect(),
        }
    }
}

impl From<TerminalRow> for TerminalDto {
    fn from(row: TerminalRow) -> Self {
        Self {
            terminal: row.terminal,
            device_id: row.device,
            last_entry_at: row.last_entry_at_ms.map(instant::text),
            entries_stored: row.entries_stored,
            applied_version: row.applied.map(|(version, _)| version),
            applied_at: row.applied.map(|(_, at_ms)| instant::text(at_ms)),
            behind: row.behind,
        }
    }
}
