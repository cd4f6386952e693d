//! Who calls on the LAN, and making them belong.

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Extensions;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use station_api::ErrorCode;
use sync::Peer;
use sync::enrolment::EnrolmentError;
use sync::listener::{Caller, Shown};
use sync_identity::Standing;
use sync_identity::exchange::{BODY_LEN_MAX, Enrol, Issued, Renew};
use sync_proto::Role;

use crate::http::{Refusal, Shared, discard, read_limited};
use crate::ledger::LedgerError;

/// Who is at the other end, by a certificate that is at least in `least` standing.
pub(crate) async fn peer(
    station: &Shared,
    extensions: &Extensions,
    least: Standing,
) -> Result<Peer, Refusal> {
    let shown = shown(extensions)?;
    if least == Standing::Valid && shown.standing != Standing::Valid {
        return Err(not_allowed());
    }
    let found = station.devices.look_up(shown.certified.clone()).await.map_err(LedgerError::from)?;
    found.ok_or_else(not_allowed)
}

fn shown(extensions: &Extensions) -> Result<&Shown, Refusal> {
    let caller = extensions.get::<ConnectInfo<Caller>>();
    caller.and_then(|ConnectInfo(caller)| caller.shown.as_ref()).ok_or_else(|| {
        let detail = "This path takes a device's certificate, and none was shown. Enrol the device first.";
        Refusal::new(ErrorCode::NoCertificate, detail)
    })
}

/// The certificate does not open this path; why is not told.
pub(crate) fn not_allowed() -> Refusal {
    let detail = "The certificate that was shown does not open this path: the device is not of this station, is revoked, was enrolled again, or its certificate has ended. Renew it, or enrol the device again.";
    Refusal::new(ErrorCode::NotAllowed, detail)
}

/// Lets a back office pass.
pub(crate) async fn wants_office(State(station): State<Shared>, request: Request, next: Next) -> Response {
    let refusal = match peer(&station, request.extensions(), Standing::Valid).await {
        Ok(peer) if peer.role == Role::Office => {
            station.seen.note(peer.device, station.clock.now().corrected_ms());
            return next.run(request).await;
        }
        Ok(_) => not_allowed(),
        Err(refusal) => refusal,
    };
    discard(request.into_body()).await;
    refusal.into_response()
}

/// `POST /link/enrol`: whoever has a code.
pub(crate) async fn enrol(State(station): State<Shared>, request: Request) -> Result<Json<Issued>, Refusal> {
    let asked: Enrol = read(request.into_body()).await?;
    let (issuer, clock) = (station.issuer(), station.clock.clone());
    let issued = station.writer.run(move |node| node.redeem(&issuer, &asked, clock.now())).await;
    let issued = issued.map_err(LedgerError::from)??;
    tracing::info!("a device was enrolled");
    Ok(Json(issued))
}

/// `POST /link/renew`: a till or back office whose certificate holds, or ended not long ago.
pub(crate) async fn renew(State(station): State<Shared>, request: Request) -> Result<Json<Issued>, Refusal> {
    let peer = peer(&station, request.extensions(), Standing::Lapsed).await?;
    let certified = shown(request.extensions())?.certified.clone();
    let asked: Renew = read(request.into_body()).await?;
    let (issuer, clock) = (station.issuer(), station.clock.clone());
    let issued = station.writer.run(move |node| node.renew(&issuer, &certified, &asked, clock.now())).await;
    let issued = issued.map_err(LedgerError::from)??;
    tracing::info!(device = %peer.device, "a certificate was renewed");
    Ok(Json(issued))
}

async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let bytes = read_limited(body, BODY_LEN_MAX).await?;
    // A body of enrolment holds a secret: the error names a place, never what stands there.
    serde_json::from_slice(&bytes).map_err(|why| {
        let detail =
            format!("The body cannot be read: line {} column {}. Send it again.", why.line(), why.column());
        Refusal::new(ErrorCode::MalformedBody, detail)
    })
}

impl From<EnrolmentError> for Refusal {
    fn from(why: EnrolmentError) -> Self {
        let code = match &why {
            EnrolmentError::CodeUnknown => ErrorCode::CodeUnknown,
            EnrolmentError::CodeExpired => ErrorCode::CodeExpired,
            EnrolmentError::CodeUsed => ErrorCode::CodeUsed,
            EnrolmentError::CodeUsedUp => ErrorCode::CodeUsedUp,
            EnrolmentError::BadRequest(_) | EnrolmentError::Issue(sync_identity::IssueError::Request(_)) => {
                ErrorCode::BadRequest
            }
            EnrolmentError::OtherDevice => ErrorCode::OtherDevice,
            EnrolmentError::UnknownDevice(_) => ErrorCode::UnknownDevice,
            EnrolmentError::BadReason => ErrorCode::BadReason,
            EnrolmentError::NotDue => ErrorCode::NotDue,
            EnrolmentError::Issue(_) | EnrolmentError::Random(_) => ErrorCode::Internal,
            EnrolmentError::Node(_) => ErrorCode::StorageFailed,
        };
        match why {
            EnrolmentError::Node(why) => LedgerError::from(why).into(),
            why => {
                if code.status() >= 500 {
                    tracing::error!(%why, "a certificate could not be issued");
                }
                Self::new(code, why.to_string())
            }
        }
    }
}
