//! `GET,POST /api/v1/devices`: the tills, and enrolling one while the daemon runs.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use station_api::{ErrorCode, TerminalState};
use sync::device::DeviceFile;

use super::overview::terminals_of;
use crate::enrol;
use crate::http::{JsonBody, Refusal, Shared};

/// `GET` -> list of [`DeviceView`]; `POST` [`EnrolTerminal`] -> the till's device file, once.
pub const DEVICES: &str = "/api/v1/devices";

/// A till.
pub type DeviceView = TerminalState;

/// Body of `POST`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolTerminal {
    /// 1 to 99.
    pub terminal: u16,
}

pub(super) async fn list(State(station): State<Shared>) -> Result<Json<Vec<DeviceView>>, Refusal> {
    Ok(Json(terminals_of(&station).await?))
}

pub(super) async fn enrol(
    State(station): State<Shared>,
    JsonBody(body): JsonBody<EnrolTerminal>,
) -> Result<Json<DeviceFile>, Refusal> {
    let terminal = enrol::terminal_no(body.terminal).map_err(|why| {
        Refusal::new(ErrorCode::BadRequest, format!("Nothing was enrolled: {why}. Correct it."))
    })?;
    let minted = station
        .write(move |node, now, code| {
            Ok(enrol::mint(node.store(), code.clone(), terminal, now.stamp.wall_ms))
        })
        .await?;
    minted.map(Json).map_err(|why| {
        tracing::error!(%why, "a till could not be enrolled");
        Refusal::new(
            ErrorCode::StorageFailed,
            "The till was not enrolled: the database did not take it. Try again.",
        )
    })
}
