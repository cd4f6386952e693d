//! Stations and their devices.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync::device::DeviceFile;
use sync_proto::StationCode;

use crate::api::StationDto;
use crate::http::body::JsonBody;
use crate::http::{App, Problem};
use crate::refusal::Refusal;
use crate::stations::{self, find_station};

/// Whose agent to enrol.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrolDevice {
    station_code: String,
}

/// `GET /stations`.
pub(in crate::http) async fn stations(State(app): State<App>) -> Result<Json<Vec<StationDto>>, Problem> {
    let (writer, today) = (app.incarnation(), app.today());
    let rows = app.read(move |connection| stations::list(connection, &writer, &today)).await?;
    let with_link = |row: stations::StationRow| {
        let seen = app.presence().of(&row.station);
        StationDto::of(row, seen)
    };
    Ok(Json(rows.into_iter().map(with_link).collect()))
}

/// `POST /devices`: mints an agent's device; the answer is its device file, with the only copy of its secret.
pub(in crate::http) async fn enrol_device(
    State(app): State<App>,
    JsonBody { value, .. }: JsonBody<EnrolDevice>,
) -> Result<(StatusCode, Json<DeviceFile>), Problem> {
    let station = app.find(move |connection| find_station(connection, &value.station_code)).await?;
    let code = StationCode::new(station.station.as_str())
        .map_err(|_| Refusal::UnknownStation(station.station.clone()))?;
    let file =
        app.command(move |node, now| Ok(stations::enrol_agent(node.store(), code, now.wall_ms)?)).await?;
    tracing::info!(station = %file.station, device = %file.device, "an agent was enrolled");
    Ok((StatusCode::CREATED, Json(file)))
}
