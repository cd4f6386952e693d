//! Which stations are connected and when each was last heard of.
//!
//! Kept in memory, for a write per heartbeat of ten thousand stations would be two thousand a second; what
//! changed goes into `station_links` from time to time and when the program ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::civil::Date;
use rusqlite::Connection;
use sync::link::{DaySold, Report, StateReport};
use sync_proto::StationCode;
use sync_proto::rows::RowChange;

use crate::rows::put;

sync_proto::table! {
    /// When a station was last heard of, and its backlog then.
    pub struct StationLink in "station_links" { station: String } {
        last_seen_at_ms: i64,
        pending: Option<i64>,
        oldest_at_ms: Option<i64>,
    }
}

/// How a station's link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Connections open now.
    pub connections: u32,
    /// When it was last heard of.
    pub last_seen_at_ms: i64,
    /// Entries that it had not got acknowledged, as it said last.
    pub pending: Option<i64>,
    /// When the oldest of them was written.
    pub oldest_at_ms: Option<i64>,
    /// What it sold on its newest business day, as it said last.
    pub told: Option<Told>,
    /// What it said last beside that; empty since the program's start until it does.
    pub report: Report,
    stored: bool,
}

/// What a station says that it sold on a business day, before its sales are here (R15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The business day.
    pub day: Date,
    /// Sales, cancelled ones too.
    pub sales: i64,
    /// Won, cancellations taken out.
    pub amount: i64,
}

impl Told {
    /// `None` for what is no day.
    fn of(day: &DaySold) -> Option<Self> {
        Some(Self { day: day.business_day.parse().ok()?, sales: day.sales, amount: day.amount })
    }
}

/// What is known of all stations' links.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    stations: Arc<Mutex<HashMap<StationCode, Seen>>>,
}

impl Presence {
    /// Starts from what was stored when the program last ended.
    pub fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let presence = Self::default();
        let mut statement = connection
            .prepare("SELECT station, last_seen_at_ms, pending, oldest_at_ms FROM station_links")?;
        let rows = statement.query_map([], |row| {
            let seen = Seen {
                connections: 0,
                last_seen_at_ms: row.get(1)?,
                pending: row.get(2)?,
                oldest_at_ms: row.get(3)?,
                told: None,
                report: Report::default(),
                stored: true,
            };
            Ok((row.get::<_, String>(0)?, seen))
        })?;
        for row in rows {
            let (station, seen) = row?;
            if let (Ok(station), Ok(mut stations)) = (StationCode::new(station), presence.stations.lock()) {
                stations.insert(station, seen);
            }
        }
        Ok(presence)
    }

    /// A connection of the station opened.
    pub fn connected(&self, station: &StationCode, at_ms: i64) {
        self.change(station, at_ms, |seen| seen.connections = seen.connections.saturating_add(1));
    }

    /// A connection of the station closed.
    pub fn disconnected(&self, station: &StationCode, at_ms: i64) {
        self.change(station, at_ms, |seen| seen.connections = seen.connections.saturating_sub(1));
    }

    /// The station sent something.
    pub fn heard(&self, station: &StationCode, at_ms: i64) {
        self.change(station, at_ms, |_| {});
    }

    /// The station told its backlog.
    pub fn reported(&self, station: &StationCode, report: &StateReport, at_ms: i64) {
        self.change(station, at_ms, |seen| {
            seen.pending = Some(i64::try_from(report.report.pending).unwrap_or(i64::MAX));
            seen.oldest_at_ms = report.report.oldest_at_ms;
            // A will was written when the link came up: of the tills it knows what was true then.
            if report.state == "online" {
                seen.report = report.report.clone().within_limits();
            }
            seen.told = report.report.day.as_ref().and_then(Told::of);
        });
    }

    /// How a station's link stands; `None` when it was never heard of.
    pub fn of(&self, station: &str) -> Option<Seen> {
        let station = StationCode::new(station).ok()?;
        self.stations.lock().ok()?.get(&station).cloned()
    }

    /// Stations with an open connection.
    pub fn online(&self) -> Vec<StationCode> {
        let Ok(stations) = self.stations.lock() else { return Vec::new() };
        stations.iter().filter(|(_, seen)| seen.connections > 0).map(|(code, _)| code.clone()).collect()
    }

    /// Rows that are not stored yet; the caller commits them.
    pub fn take_unstored(&self) -> Vec<RowChange> {
        let Ok(mut stations) = self.stations.lock() else { return Vec::new() };
        let unstored = stations.iter_mut().filter(|(_, seen)| !seen.stored);
        unstored
            .map(|(station, seen)| {
                seen.stored = true;
                put(StationLink {
                    station: station.to_string(),
                    last_seen_at_ms: seen.last_seen_at_ms,
                    pending: seen.pending,
                    oldest_at_ms: seen.oldest_at_ms,
                })
            })
            .collect()
    }

    fn change(&self, station: &StationCode, at_ms: i64, how: impl FnOnce(&mut Seen)) {
        let Ok(mut stations) = self.stations.lock() else { return };
        let seen = stations.entry(station.clone()).or_insert(Seen {
            connections: 0,
            last_seen_at_ms: at_ms,
            pending: None,
            oldest_at_ms: None,
            told: None,
            report: Report::default(),
            stored: false,
        });
        seen.last_seen_at_ms = at_ms;
        seen.stored = false;
        how(seen);
    }
}
