//! `GET /api/v1/journal`, `POST /api/v1/journal/import`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use station_api::{ImportedJournal, JournalRow};
use sync::carry::{CARRIED_LEN_MAX, Carried};

use super::devices::carry_refusal;
use crate::calendar::rfc3339;
use crate::http::{Fields, Refusal, Shared, read_limited};
use crate::ledger::{LedgerError, journal};

pub(super) async fn list(
    State(station): State<Shared>,
    fields: Fields,
) -> Result<Json<Vec<JournalRow>>, Refusal> {
    let limit = fields.page()?.limit;
    let lines = station.read(move |connection, _| Ok(journal::newest(connection, limit)?)).await?;
    let rows = lines.into_iter().map(|line| JournalRow {
        device: line.device.to_hex(),
        terminal: line.terminal,
        seq: line.seq,
        fact_type: line.type_name,
        at: rfc3339(line.at_ms),
        summary: line.summary,
    });
    Ok(Json(rows.collect()))
}

/// Takes in a journal that was carried here in a file (R17). On the listener of this machine only.
pub(crate) async fn import(
    State(station): State<Shared>,
    body: Body,
) -> Result<Json<ImportedJournal>, Refusal> {
    let file = read_limited(body, CARRIED_LEN_MAX).await?;
    let carried = tokio::task::spawn_blocking(move || Carried::decode(&file)).await;
    let carried = carried.map_err(|_| LedgerError::Stopping)?.map_err(|why| carry_refusal(&why))?;
    let now_ms = station.clock.now().corrected_ms();
    let done = station.writer.run(move |node| node.take_carried(&carried, now_ms)).await;
    let done = done.map_err(LedgerError::from)?.map_err(|why| carry_refusal(&why))?;
    tracing::warn!(stored = done.stored, known = done.known, forked = done.forked, "a journal was imported");
    Ok(Json(ImportedJournal {
        stored: done.stored,
        known: done.known,
        forked: done.forked,
        refused: done.refused,
    }))
}
