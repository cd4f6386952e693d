//! Stations and their devices.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use serde::Deserialize;
use sync::carry::{Carried, CarryError};
use sync::enrolment::Invited;
use sync_identity::Kind;
use sync_proto::{DeviceId, StationCode};

use crate::api::{DeviceDto, EnrolmentCodeDto, FeedBehindDto, ImportedDto, StationDto};
use crate::http::body::{JsonBody, Named};
use crate::http::{App, Problem};
use crate::instant;
use crate::refusal::Refusal;
use crate::stations::{self, find_station};
use sync::enrolment::EnrolmentError;

/// Whose agent to enrol.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenCode {
    station_code: String,
}

/// Why a device is revoked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeDevice {
    reason: String,
    /// Go on although entries of the device have not reached head office.
    #[serde(default)]
    override_pending: bool,
}

/// `GET /stations`.
pub(in crate::http) async fn stations(State(app): State<App>) -> Result<Json<Vec<StationDto>>, Problem> {
    let (writer, today) = (app.incarnation(), app.today());
    let rows = app.read(move |connection| stations::list(connection, &writer, &today)).await?;
    let with_link = |row: stations::StationRow| {
        let seen = app.presence().of(&row.station);
        StationDto::of(row, seen.as_ref())
    };
    Ok(Json(rows.into_iter().map(with_link).collect()))
}

/// `GET /feeds/behind`: who lacks what was published, longest first.
pub(in crate::http) async fn behind(State(app): State<App>) -> Result<Json<Vec<FeedBehindDto>>, Problem> {
    let (writer, now_ms) = (app.incarnation(), app.now_ms());
    let rows = app.read(move |connection| stations::behind(connection, &writer)).await?;
    Ok(Json(rows.into_iter().map(|row| FeedBehindDto::of(row, now_ms)).collect()))
}

/// `POST /enrolment-codes`: a code for a station's agent; the answer is its only copy.
pub(in crate::http) async fn open_code(
    State(app): State<App>,
    JsonBody { value, .. }: JsonBody<OpenCode>,
) -> Result<Json<EnrolmentCodeDto>, Problem> {
    let station = app.find(move |connection| find_station(connection, &value.station_code)).await?;
    let station = StationCode::new(station.station.as_str())
        .map_err(|_| Refusal::UnknownStation(station.station.clone()))?;
    let issuer = app.issuer();
    let invited = Invited { station: station.clone(), kind: Kind::Agent };
    let (code, expires_at_ms) =
        app.command(move |node, now| Ok(node.open_code(&issuer, &invited, now.wall_ms)?)).await?;
    tracing::info!(%station, code = code.id(), "an enrolment code was opened");
    Ok(Json(EnrolmentCodeDto::of(&code, &station, expires_at_ms)))
}

/// `GET /devices`.
pub(in crate::http) async fn devices(State(app): State<App>) -> Result<Json<Vec<DeviceDto>>, Problem> {
    let rows = app.read(stations::devices).await?;
    let with_unsent = |row: stations::DeviceRow| {
        let unsent = stations::Unsent::of(&row, app.presence().of(&row.station).as_ref());
        DeviceDto::of(row, unsent)
    };
    Ok(Json(rows.into_iter().map(with_unsent).collect()))
}

/// `POST /devices/{device}/revoke`. Refused while entries of the device are pending (R17), unless somebody says to go on,
/// which is noted. Head office holds nothing of them: they are exported where they are.
pub(in crate::http) async fn revoke_device(
    State(app): State<App>,
    Named(device): Named,
    JsonBody { value, .. }: JsonBody<RevokeDevice>,
) -> Result<Json<DeviceDto>, Problem> {
    let unknown = || Refusal::Enrolment(EnrolmentError::UnknownDevice(device.chars().take(40).collect()));
    let device = DeviceId::from_hex(&device).map_err(|_| unknown())?;
    let known = app.read(move |connection| stations::device(connection, &device.to_hex())).await?;
    let known = known.ok_or_else(|| Refusal::Enrolment(EnrolmentError::UnknownDevice(device.to_hex())))?;
    let unsent = stations::Unsent::of(&known, app.presence().of(&known.station).as_ref());
    let goes_on = known.revoked_at_ms.is_none() && unsent.is_some();
    if let Some(unsent) = unsent.filter(|_| goes_on && !value.override_pending) {
        let since = unsent.silent_since_ms.map(instant::text);
        return Err(Refusal::PendingEntries { count: unsent.count, since }.into());
    }
    let row = app
        .command(move |node, now| {
            if let Some(unsent) = unsent.filter(|_| goes_on) {
                node.override_pending(stations::overridden(device, &known, unsent, &value.reason)?, now)?;
            }
            Ok(node.revoke_device(device, &value.reason, true, now)?)
        })
        .await?;
    tracing::warn!(station = row.station, %device, "a device was revoked");
    app.sweep().await;
    Ok(Json(DeviceDto::from(row)))
}

/// `POST /journal/import`: a journal that was carried here in a file (R17).
pub(in crate::http) async fn import_journal(
    State(app): State<App>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ImportedDto>, Problem> {
    let body = body.map_err(|_| Refusal::Carried(CarryError::TooLong))?;
    let carried = tokio::task::spawn_blocking(move || Carried::decode(&body)).await;
    let carried = carried.map_err(|_| Refusal::NotReady)?.map_err(Refusal::from)?;
    let done = app.command(move |node, now| Ok(node.take_carried(&carried, now.wall_ms)?)).await?;
    tracing::warn!(stored = done.stored, known = done.known, forked = done.forked, "a journal was imported");
    Ok(Json(ImportedDto::from(done)))
}
