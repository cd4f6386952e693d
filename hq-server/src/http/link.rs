//! What devices ask over TLS: to belong, to renew, and to exchange messages where MQTT cannot be had.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use sync::Peer;
use sync::listener::{Caller, Shown};
use sync_identity::Standing;
use sync_identity::exchange::{BODY_LEN_MAX, Enrol, Issued, Renew};
use sync_proto::Role;

use super::{App, Problem};
use crate::ingest::IngestError;
use crate::refusal::Refusal;

/// `POST /link/enrol`: whoever has a code.
pub(super) async fn enrol(State(app): State<App>, body: Bytes) -> Result<Json<Issued>, Problem> {
    let asked: Enrol = read(&body)?;
    let issuer = app.issuer();
    let issued = app.command(move |node, now| Ok(node.redeem(&issuer, &asked, now)?)).await?;
    tracing::info!(station = %issued.station.code, "a device was enrolled");
    Ok(Json(issued))
}

/// `POST /link/renew`: an agent whose certificate holds, or ended not long ago.
pub(super) async fn renew(
    State(app): State<App>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    body: Bytes,
) -> Result<Json<Issued>, Problem> {
    let shown = caller.shown.ok_or(Refusal::NoCertificate)?;
    let peer = known(&app, &shown).await?;
    if peer.role != Role::Agent {
        return Err(Refusal::NotAllowed.into());
    }
    let asked: Renew = read(&body)?;
    let issuer = app.issuer();
    let issued =
        app.command(move |node, now| Ok(node.renew(&issuer, &shown.certified, &asked, now)?)).await?;
    tracing::info!(station = %issued.station.code, device = %peer.device, "a certificate was renewed");
    Ok(Json(issued))
}

/// `POST /sync`: one message in, one reply out, the same as over MQTT.
pub(super) async fn sync(
    State(app): State<App>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    body: Bytes,
) -> Result<Response, Problem> {
    let shown = caller.shown.ok_or(Refusal::NoCertificate)?;
    if shown.standing != Standing::Valid {
        return Err(Refusal::NotAllowed.into());
    }
    let peer = known(&app, &shown).await?;
    match app.ingest().receive(&peer, body).await {
        Ok(reply) => Ok(([(CONTENT_TYPE, "application/octet-stream")], Body::from(reply)).into_response()),
        Err(IngestError::Garbage) => {
            Err(Refusal::BadRequest("the body is no message that this peer may send".to_owned()).into())
        }
        Err(IngestError::Closed) => Err(Refusal::NotReady.into()),
    }
}

async fn known(app: &App, shown: &Shown) -> Result<Peer, Refusal> {
    app.devices().look_up(shown.certified.clone()).await?.ok_or(Refusal::NotAllowed)
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    if body.len() > BODY_LEN_MAX {
        return Err(Refusal::BodyTooLarge);
    }
    // A body of enrolment holds a secret: the error names a place, never what stands there.
    serde_json::from_slice(body)
        .map_err(|why| Refusal::MalformedBody(format!("line {} column {}", why.line(), why.column())))
}
