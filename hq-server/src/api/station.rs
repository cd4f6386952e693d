//! Stations and terminals.

use serde::Serialize;
use ts_rs::TS;

use crate::instant;
use crate::stations::{BehindRow, DeviceRow, Seen, StationRow, TerminalRow, Unsent};
use sync::carry::Imported;
use sync::link::{AlarmReport, Report};
use sync_identity::EnrolmentCode;
use sync_proto::StationCode;
use sync_proto::devices::Device;

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
    told_day: Option<String>,
    told_sales_count: Option<i64>,
    told_sales_amount: Option<i64>,
    quarantined: i64,
    quarantined_amount: i64,
    last_ack_at: Option<String>,
    stale_since: Option<String>,
    alarms: Vec<AlarmDto>,
    terminals: Vec<TerminalDto>,
}

/// What happened to a station's data, as its agent told.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Alarm")]
pub struct AlarmDto {
    #[ts(type = "\"new_life\" | \"salvaged\" | \"check_failed\" | \"feed_differed\"")]
    kind: String,
    at: String,
    detail: String,
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
    behind_since: Option<String>,
    pending_count: Option<i64>,
    stale_since: Option<String>,
}

/// A device that has not applied what was published in a feed.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "FeedBehind")]
pub struct FeedBehindDto {
    #[ts(type = "\"chain\" | \"station\" | \"local\"")]
    scope: String,
    station_code: String,
    station_name: String,
    device_id: String,
    #[ts(type = "\"agent\" | \"terminal\"")]
    role: String,
    terminal: Option<i64>,
    applied_version: Option<i64>,
    applied_at: Option<String>,
    head_version: i64,
    behind_since: String,
    behind_ms: i64,
}

impl FeedBehindDto {
    /// A row as it is at `now_ms`.
    pub fn of(row: BehindRow, now_ms: i64) -> Self {
        let (scope, _) = row.scope.split_once(':').unwrap_or((&row.scope, ""));
        Self {
            scope: scope.to_owned(),
            station_code: row.station,
            station_name: row.station_name,
            device_id: row.device,
            role: row.role,
            terminal: row.terminal,
            applied_version: row.applied.map(|(version, _)| version),
            applied_at: row.applied.map(|(_, at_ms)| instant::text(at_ms)),
            head_version: row.head_version,
            behind_since: instant::text(row.since_ms),
            behind_ms: now_ms.saturating_sub(row.since_ms).max(0),
        }
    }
}

impl StationDto {
    /// A station with how its link stands.
    pub fn of(row: StationRow, seen: Option<&Seen>) -> Self {
        let state = match seen {
            None => "never",
            Some(seen) if seen.connections > 0 => "online",
            Some(_) => "stale",
        };
        let last_seen_at = seen.map(|seen| instant::text(seen.last_seen_at_ms));
        let report = seen.map(|seen| &seen.report);
        let terminals = row.terminals.into_iter().map(|terminal| TerminalDto::of(terminal, report));
        let told = seen.and_then(|seen| seen.told);
        Self {
            state,
            stale_since: last_seen_at.clone().filter(|_| state == "stale"),
            last_seen_at,
            pending_count: seen.and_then(|seen| seen.pending),
            pending_oldest_at: seen.and_then(|seen| seen.oldest_at_ms).map(instant::text),
            last_ack_at: report.and_then(|report| report.last_ack_at_ms).map(instant::text),
            alarms: report.map_or_else(Vec::new, |report| report.alarms.iter().filter_map(alarm).collect()),
            station_code: row.station,
            station_name: row.name,
            address: row.address,
            entries_stored: row.entries_stored,
            today_sales_count: row.today_sales_count,
            today_sales_amount: row.today_sales_amount,
            told_day: told.map(|told| told.day.to_string()),
            told_sales_count: told.map(|told| told.sales),
            told_sales_amount: told.map(|told| told.amount),
            quarantined: row.quarantined,
            quarantined_amount: row.quarantined_amount,
            terminals: terminals.collect(),
        }
    }
}

/// Kinds that this version has words for.
const ALARM_KINDS: [&str; 4] = ["new_life", "salvaged", "check_failed", "feed_differed"];

fn alarm(alarm: &AlarmReport) -> Option<AlarmDto> {
    ALARM_KINDS.contains(&alarm.kind.as_str()).then(|| AlarmDto {
        kind: alarm.kind.clone(),
        at: instant::text(alarm.at_ms),
        detail: alarm.detail.clone(),
    })
}

impl TerminalDto {
    /// A terminal with what its agent told of it.
    fn of(row: TerminalRow, report: Option<&Report>) -> Self {
        let told =
            report.and_then(|report| report.tills.iter().find(|till| till.device.to_hex() == row.device));
        Self {
            terminal: row.terminal,
            device_id: row.device,
            last_entry_at: row.last_entry_at_ms.map(instant::text),
            entries_stored: row.entries_stored,
            applied_version: row.applied.map(|(version, _)| version),
            applied_at: row.applied.map(|(_, at_ms)| instant::text(at_ms)),
            behind: row.behind,
            behind_since: row.behind_since_ms.filter(|_| row.behind).map(instant::text),
            pending_count: told.map(|till| i64::try_from(till.pending).unwrap_or(i64::MAX)),
            stale_since: told.and_then(|till| till.stale_since_ms).map(instant::text),
        }
    }
}

/// What importing a journal's file did.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedDto {
    stored: u64,
    known: u64,
    forked: u64,
    refused: u64,
}

impl From<Imported> for ImportedDto {
    fn from(done: Imported) -> Self {
        let Imported { stored, known, forked, refused } = done;
        Self { stored, known, forked, refused }
    }
}

/// A device that was enrolled.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Device")]
pub struct DeviceDto {
    device_id: String,
    station_code: String,
    #[ts(type = "\"agent\" | \"till\" | \"office\"")]
    kind: &'static str,
    terminal: Option<i64>,
    enrolled_at: String,
    certificate_ends_at: Option<String>,
    revoked_at: Option<String>,
    revoked_why: Option<String>,
    pending: i64,
    silent_since: Option<String>,
}

impl DeviceDto {
    /// A device with what it holds that is not here.
    pub fn of(row: DeviceRow, unsent: Option<Unsent>) -> Self {
        Self {
            pending: unsent.map_or(0, |unsent| i64::try_from(unsent.count).unwrap_or(i64::MAX)),
            silent_since: unsent.and_then(|unsent| unsent.silent_since_ms).map(instant::text),
            kind: match row.role.as_str() {
                "agent" => "agent",
                "terminal" => "till",
                _ => "office",
            },
            device_id: row.device,
            station_code: row.station,
            terminal: row.terminal,
            enrolled_at: instant::text(row.enrolled_at_ms),
            certificate_ends_at: (row.ends_at_ms > 0).then(|| instant::text(row.ends_at_ms)),
            revoked_at: row.revoked_at_ms.map(instant::text),
            revoked_why: row.revoked_why,
        }
    }
}

impl From<Device> for DeviceDto {
    fn from(row: Device) -> Self {
        let row = DeviceRow {
            device: row.device,
            station: row.station,
            role: row.role,
            terminal: row.terminal,
            enrolled_at_ms: row.enrolled_at_ms,
            ends_at_ms: row.ends_at_ms,
            revoked_at_ms: row.revoked_at_ms,
            revoked_why: row.revoked_why,
        };
        Self::of(row, None)
    }
}

/// A code that makes a station's agent belong, shown once.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "EnrolmentCode")]
pub struct EnrolmentCodeDto {
    code: String,
    station_code: String,
    expires_at: String,
}

impl EnrolmentCodeDto {
    /// Of an open code.
    pub fn of(code: &EnrolmentCode, station: &StationCode, expires_at_ms: i64) -> Self {
        Self {
            code: code.text(),
            station_code: station.to_string(),
            expires_at: instant::text(expires_at_ms),
        }
    }
}
