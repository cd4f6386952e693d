//! Entries set aside.

use serde::Serialize;
use sync::Replay;
use sync::aside::AsideNow;
use ts_rs::TS;

use crate::instant;

/// An entry that is stored and could not be projected.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "QuarantineRow")]
pub struct QuarantineRowDto {
    key: String,
    station_code: String,
    terminal: Option<u16>,
    device_id: String,
    seq: i64,
    #[ts(type = "\"unknown\" | \"unreadable\" | \"rejected\" | \"forbidden\" | \"failed\" | \"fork\"")]
    cause: String,
    reason: String,
    kind: String,
    receipt: Option<String>,
    business_day: String,
    amount: Option<i64>,
    counted: bool,
    written_at: Option<String>,
    arrived_at: String,
    tried_at: String,
    #[ts(type = "\"open\" | \"replayed\" | \"settled\"")]
    state: &'static str,
    closed_at: Option<String>,
    #[ts(type = "\"hq\" | \"agent\" | null")]
    settled_role: Option<String>,
    settled_why: Option<String>,
}

impl From<AsideNow> for QuarantineRowDto {
    fn from(row: AsideNow) -> Self {
        let (state, closed_at_ms) = match (&row.replayed, &row.settled) {
            (Some((at_ms, _)), _) => ("replayed", Some(*at_ms)),
            (None, Some(settled)) => ("settled", Some(settled.at_ms)),
            (None, None) => ("open", None),
        };
        let (settled_role, settled_why) = row.settled.map(|settled| (settled.role, settled.why)).unzip();
        Self {
            key: row.key,
            station_code: row.station,
            terminal: row.terminal,
            device_id: row.device,
            seq: row.seq,
            cause: row.cause,
            reason: row.reason,
            kind: row.kind,
            receipt: row.receipt,
            business_day: row.business_day,
            amount: row.amount,
            counted: row.is_counted,
            written_at: row.written_at_ms.map(instant::text),
            arrived_at: instant::text(row.arrived_at_ms),
            tried_at: instant::text(row.tried_at_ms),
            state,
            closed_at: closed_at_ms.map(instant::text),
            settled_role,
            settled_why,
        }
    }
}

/// An entry with its bytes; of a fork also the entry that came first.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "QuarantineEntry")]
pub struct QuarantineEntryDto {
    #[ts(as = "QuarantineRowDto")]
    row: QuarantineRowDto,
    payloads: Vec<String>,
}

impl QuarantineEntryDto {
    /// A row with the bytes as text.
    pub fn of(row: AsideNow, payloads: Vec<String>) -> Self {
        Self { row: row.into(), payloads }
    }
}

/// What trying again did.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "Replayed")]
pub struct ReplayedDto {
    replayed: i64,
    still_aside: i64,
}

impl From<Replay> for ReplayedDto {
    fn from(done: Replay) -> Self {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Self { replayed: count(done.replayed), still_aside: count(done.still_aside) }
    }
}
