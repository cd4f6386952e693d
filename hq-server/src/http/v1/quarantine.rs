//! Entries set aside: the list, trying again, settling.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sync::QuarantineError;
use sync::aside;
use sync_proto::StationCode;
use sync_proto::fact::{AsideKey, AsideMoney};

use crate::api::{QuarantineEntryDto, QuarantineRowDto, ReplayedDto};
use crate::http::body::{JsonBody, Named, NoBody};
use crate::http::params::Params;
use crate::http::{App, Problem};
use crate::refusal::Refusal;
use crate::store::Lists;

/// Who acts: the console. There are no names of persons in a journal (R39).
const BY: &str = "console";

/// What becomes of an entry's money, and why.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settle {
    money: AsideMoney,
    reason: String,
}

/// `GET /quarantine`, query `station`: those that wait first.
pub(in crate::http) async fn quarantine(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Vec<QuarantineRowDto>>, Problem> {
    let station = params.optional("station").map(str::to_owned);
    let rows = app.read(move |connection| aside::list(connection, station.as_deref())).await?;
    Ok(Json(rows.into_iter().map(QuarantineRowDto::from).collect()))
}

/// `GET /quarantine/{key}`: with its bytes.
pub(in crate::http) async fn quarantined(
    State(app): State<App>,
    Named(name): Named,
) -> Result<Json<QuarantineEntryDto>, Problem> {
    let key = key_of(&name)?;
    Ok(Json(app.find(move |connection| one(connection, &key)).await?))
}

/// `POST /quarantine/{key}/replay`: tries it again. That it still fails is an answer, with the new reason.
pub(in crate::http) async fn replay(
    State(app): State<App>,
    Named(name): Named,
    NoBody { .. }: NoBody,
) -> Result<Json<QuarantineEntryDto>, Problem> {
    let key = key_of(&name)?;
    let tried = key.clone();
    app.command(move |node, now| Ok(node.replay(&tried, BY, now)?)).await?;
    Ok(Json(app.find(move |connection| one(connection, &key)).await?))
}

/// `POST /quarantine/replay`, query `station`: tries everything again that waits.
pub(in crate::http) async fn replay_all(
    State(app): State<App>,
    params: Params,
) -> Result<Json<ReplayedDto>, Problem> {
    let station = params.optional("station").map(|code| {
        StationCode::new(code).map_err(|_| Refusal::UnknownStation(code.chars().take(40).collect()))
    });
    let station = station.transpose()?;
    let done = app.command(move |node, now| Ok(node.replay_all(station.as_ref(), BY, now)?)).await?;
    Ok(Json(done.into()))
}

/// `POST /quarantine/{key}/settle`.
pub(in crate::http) async fn settle(
    State(app): State<App>,
    Named(name): Named,
    JsonBody { value, .. }: JsonBody<Settle>,
) -> Result<Json<QuarantineEntryDto>, Problem> {
    let key = key_of(&name)?;
    let settled = key.clone();
    app.command(move |node, now| Ok(node.settle_aside(&settled, value.money, BY, &value.reason, now)?))
        .await?;
    Ok(Json(app.find(move |connection| one(connection, &key)).await?))
}

fn key_of(name: &str) -> Result<AsideKey, Refusal> {
    AsideKey::parse(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Refusal {
    Refusal::Quarantine(QuarantineError::UnknownEntry(name.chars().take(160).collect()))
}

fn one(connection: &Lists, key: &AsideKey) -> Result<QuarantineEntryDto, Refusal> {
    let row = aside::find(connection, key)?.ok_or_else(|| unknown(&key.to_text()))?;
    Ok(QuarantineEntryDto::of(row, aside::payloads(connection, key)?))
}
