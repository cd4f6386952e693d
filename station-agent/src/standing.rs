//! How the station stands, for its own screens and for head office's: tills, and what happened to the agent's data.

use rusqlite::Connection;
use sync::life;
use sync_proto::DeviceId;

use crate::ledger::unsent::{OfDevice, SILENT_MS};
use crate::ledger::{LedgerError, terminals};
use crate::station::Station;

/// A till. Times are milliseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillNow {
    /// Its number.
    pub terminal: u32,
    /// The devices enrolled under it, each with its entries that HQ lacks.
    pub devices: Vec<(DeviceId, u64)>,
    /// What HQ lacks of it.
    pub unsent: OfDevice,
    /// When it last called.
    pub last_seen_at_ms: Option<i64>,
    /// Since when it is silent: what it sold since then is not counted here.
    pub stale_since_ms: Option<i64>,
    /// Its newest sale.
    pub last_sale_at_ms: Option<i64>,
}

/// The enrolled tills, by number.
///
/// # Errors
/// The database does not answer.
pub async fn tills(station: &Station) -> Result<Vec<TillNow>, LedgerError> {
    let rows = station.read(|connection, code| Ok(terminals::list(connection, code)?)).await?;
    let unsent = station.unsent().await?;
    let now_ms = station.clock.now().corrected_ms();
    let till = |row: terminals::TerminalNow| {
        let of_device = |device: &DeviceId| unsent.get(device).copied().unwrap_or_default();
        // Since a restart a till may not have called yet: then its newest entry says when it did.
        let seen_ms = station.seen.newest(&row.devices).max(row.last_entry_at_ms);
        TillNow {
            terminal: row.terminal,
            unsent: row.devices.iter().map(of_device).fold(OfDevice::default(), OfDevice::and),
            devices: row.devices.iter().map(|device| (*device, of_device(device).count())).collect(),
            last_seen_at_ms: seen_ms,
            stale_since_ms: seen_ms.filter(|seen_ms| now_ms.saturating_sub(*seen_ms) > SILENT_MS),
            last_sale_at_ms: row.last_sale_at_ms,
        }
    };
    Ok(rows.into_iter().map(till).collect())
}

/// What an [`Alarm`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The journal began a new life.
    NewLife,
    /// A damaged database was set aside.
    Salvaged,
    /// The nightly check found trouble.
    CheckFailed,
    /// The nightly check found none.
    CheckPassed,
    /// A feed differed from HQ's.
    FeedDiffered,
}

impl Kind {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewLife => "new_life",
            Self::Salvaged => "salvaged",
            Self::CheckFailed => "check_failed",
            Self::CheckPassed => "check_passed",
            Self::FeedDiffered => "feed_differed",
        }
    }
}

/// Something that happened to the agent's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// What.
    pub kind: Kind,
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// In words of the program; may be empty.
    pub detail: String,
}

/// Newest first.
///
/// # Errors
/// The database does not answer.
pub fn alarms(connection: &Connection, feed_differed_at_ms: Option<i64>) -> rusqlite::Result<Vec<Alarm>> {
    let notes = life::notes(connection)?.into_iter().map(|note| {
        let kind = match (note.kind.as_str(), note.well) {
            ("life", _) => Kind::NewLife,
            ("salvage", _) => Kind::Salvaged,
            (_, 0) => Kind::CheckFailed,
            (_, _) => Kind::CheckPassed,
        };
        Alarm { kind, at_ms: note.at_ms, detail: note.detail }
    });
    let differed =
        feed_differed_at_ms.map(|at_ms| Alarm { kind: Kind::FeedDiffered, at_ms, detail: String::new() });
    let mut alarms: Vec<Alarm> = notes.chain(differed).collect();
    alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.at_ms));
    Ok(alarms)
}
