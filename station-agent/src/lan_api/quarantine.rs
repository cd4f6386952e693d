//! Entries set aside: the list, one of them, and trying again (R14).

use axum::Json;
use axum::extract::{Path, State};
use station_api::{AsideCause, AsideState, QuarantineEntry, QuarantineRow, Replayed};
use sync::aside::{self, AsideNow};
use sync::{QuarantineError, Replay};
use sync_proto::fact::AsideKey;

use crate::calendar::rfc3339;
use crate::http::{Refusal, Shared};
use crate::ledger::LedgerError;
use crate::station::Station;

/// What asked for it: the LAN API is the back office's.
const BY: &str = "back office";

/// Longest name of an entry that an answer repeats.
const SHOWN_CHARS_MAX: usize = 160;

/// `GET /api/v1/quarantine`.
pub(super) async fn list(State(station): State<Shared>) -> Result<Json<Vec<QuarantineRow>>, Refusal> {
    let rows = station.read(|connection, code| Ok(aside::list(connection, Some(code.as_str()))?)).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

/// `GET /api/v1/quarantine/{key}`.
pub(super) async fn show(
    State(station): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<QuarantineEntry>, Refusal> {
    let key = key_of(&name)?;
    Ok(Json(one(&station, key).await?))
}

/// `POST /api/v1/quarantine/{key}/replay`.
pub(super) async fn replay(
    State(station): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<QuarantineEntry>, Refusal> {
    let key = key_of(&name)?;
    // An entry of another station is none of ours, whoever's journal it came in.
    one(&station, key.clone()).await?;
    let tried = key.clone();
    station.write(move |node, now, _| Ok(node.replay(&tried, BY, now.stamp)?)).await?;
    Ok(Json(one(&station, key).await?))
}

/// `POST /api/v1/quarantine/replay`.
pub(super) async fn replay_all(State(station): State<Shared>) -> Result<Json<Replayed>, Refusal> {
    let done: Replay =
        station.write(|node, now, code| Ok(node.replay_all(Some(code), BY, now.stamp)?)).await?;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Ok(Json(Replayed { replayed: count(done.replayed), still_aside: count(done.still_aside) }))
}

async fn one(station: &Station, key: AsideKey) -> Result<QuarantineEntry, LedgerError> {
    station
        .read(move |connection, code| {
            let row = aside::find(connection, &key)?.filter(|row| row.station == code.as_str());
            let row = row.ok_or_else(|| unknown(&key.to_text()))?;
            Ok(QuarantineEntry { row: view(row), payloads: aside::payloads(connection, &key)? })
        })
        .await
}

fn key_of(name: &str) -> Result<AsideKey, LedgerError> {
    AsideKey::parse(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> LedgerError {
    let shown = name.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX).collect();
    QuarantineError::UnknownEntry(shown).into()
}

fn view(row: AsideNow) -> QuarantineRow {
    let (state, closed_at_ms) = match (&row.replayed, &row.settled) {
        (Some((at_ms, _)), _) => (AsideState::Replayed, Some(*at_ms)),
        (None, Some(settled)) => (AsideState::Settled, Some(settled.at_ms)),
        (None, None) => (AsideState::Open, None),
    };
    QuarantineRow {
        cause: cause(&row.cause),
        key: row.key,
        terminal: row.terminal,
        device: row.device,
        seq: row.seq,
        reason: row.reason,
        kind: row.kind,
        receipt: row.receipt,
        business_day: row.business_day,
        amount: row.amount,
        counted: row.is_counted,
        written_at: row.written_at_ms.map(rfc3339),
        arrived_at: rfc3339(row.arrived_at_ms),
        tried_at: rfc3339(row.tried_at_ms),
        state,
        closed_at: closed_at_ms.map(rfc3339),
        settled_why: row.settled.map(|settled| settled.why),
    }
}

fn cause(name: &str) -> AsideCause {
    match name {
        "unknown" => AsideCause::Unknown,
        "unreadable" => AsideCause::Unreadable,
        "rejected" => AsideCause::Rejected,
        "forbidden" => AsideCause::Forbidden,
        "fork" => AsideCause::Fork,
        // Checked by the database: it is one of the six.
        _ => AsideCause::Failed,
    }
}
