//! `GET /api/v1/journal`.

use axum::Json;
use axum::extract::State;
use station_api::JournalRow;

use crate::calendar::rfc3339;
use crate::http::{Fields, Refusal, Shared};
use crate::ledger::journal;

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
