//! The station's devices: who belongs, codes for new ones, and ending what one may do.

use axum::Json;
use axum::extract::{Path, State};
use rusqlite::Connection;
use station_api::{Device, DeviceKind, EnrolmentCode, ErrorCode, OpenCode, RevokeDevice};
use sync::enrolment::{EnrolmentError, Invited};
use sync_identity::Kind;
use sync_proto::{DeviceId, StationCode, TerminalNo};

use crate::calendar::rfc3339;
use crate::http::{JsonBody, Refusal, Shared};
use crate::ledger::LedgerError;
use crate::station::Station;

/// Highest number of a till within its station.
pub const TERMINAL_MAX: u16 = 99;

/// Devices listed at most: a station has a dozen, with those of its past perhaps a hundred.
const DEVICES_MAX: u32 = 1_000;

/// `GET /api/v1/devices`.
pub(super) async fn list(State(station): State<Shared>) -> Result<Json<Vec<Device>>, Refusal> {
    Ok(Json(devices(&station).await?))
}

/// `POST /api/v1/enrolment-codes`.
pub(super) async fn open_code(
    State(station): State<Shared>,
    JsonBody(OpenCode { kind, terminal }): JsonBody<OpenCode>,
) -> Result<Json<EnrolmentCode>, Refusal> {
    let invited = match (kind, terminal) {
        (DeviceKind::Till, Some(number)) if (1..=TERMINAL_MAX).contains(&number) => {
            Kind::Till(TerminalNo(number))
        }
        (DeviceKind::Office, None) => Kind::Office,
        _ => {
            let detail = format!(
                "A code is for a till with a number from 1 to {TERMINAL_MAX}, or for a back office. Correct it."
            );
            return Err(Refusal::new(ErrorCode::BadRequest, detail));
        }
    };
    let issuer = station.issuer();
    let invited = Invited { station: station.code.clone(), kind: invited };
    let now_ms = station.clock.wall_ms();
    let opened = station.writer.run(move |node| node.open_code(&issuer, &invited, now_ms)).await;
    let (code, expires_at_ms) = opened.map_err(LedgerError::from)??;
    Ok(Json(EnrolmentCode { code: code.text(), kind, terminal, expires_at: rfc3339(expires_at_ms) }))
}

/// `POST /api/v1/devices/{device_id}/revoke`.
pub(super) async fn revoke(
    State(station): State<Shared>,
    Path(device_id): Path<String>,
    JsonBody(RevokeDevice { reason }): JsonBody<RevokeDevice>,
) -> Result<Json<Device>, Refusal> {
    let unknown = || EnrolmentError::UnknownDevice(device_id.chars().take(40).collect());
    let device = DeviceId::from_hex(&device_id).map_err(|_| unknown())?;
    if !devices(&station)
        .await?
        .iter()
        .any(|row| row.device_id == device.to_hex() && row.kind != DeviceKind::Agent)
    {
        return Err(unknown().into());
    }
    let clock = station.clock.clone();
    let revoked =
        station.writer.run(move |node| node.revoke_device(device, &reason, false, clock.now())).await;
    revoked.map_err(LedgerError::from)??;
    tracing::warn!(%device, "a device was revoked");
    station.live.sweep(&station.devices, &station.verifier).await;
    let row = devices(&station).await?.into_iter().find(|row| row.device_id == device.to_hex());
    Ok(Json(row.ok_or_else(unknown)?))
}

async fn devices(station: &Station) -> Result<Vec<Device>, LedgerError> {
    let mut rows = station.read(|connection, code| Ok(stored(connection, code)?)).await?;
    for row in &mut rows {
        let device = DeviceId::from_hex(&row.device_id).ok();
        row.last_seen_at = device.and_then(|device| station.seen.newest(&[device])).map(rfc3339);
    }
    Ok(rows)
}

fn stored(connection: &Connection, code: &StationCode) -> rusqlite::Result<Vec<Device>> {
    connection
        .prepare_cached(
            "SELECT device, role, terminal, enrolled_at_ms, ends_at_ms, revoked_at_ms, revoked_why \
             FROM enrolled_devices WHERE station = $1 AND role <> '' \
             ORDER BY role, terminal, enrolled_at_ms LIMIT $2",
        )?
        .query_map(rusqlite::params![code.as_str(), DEVICES_MAX], |row| {
            let (role, ends_at_ms): (String, i64) = (row.get(1)?, row.get(4)?);
            Ok(Device {
                device_id: row.get(0)?,
                kind: match role.as_str() {
                    "terminal" => DeviceKind::Till,
                    "agent" => DeviceKind::Agent,
                    _ => DeviceKind::Office,
                },
                terminal: row.get(2)?,
                enrolled_at: rfc3339(row.get(3)?),
                certificate_ends_at: (ends_at_ms > 0).then(|| rfc3339(ends_at_ms)),
                revoked_at: row.get::<_, Option<i64>>(5)?.map(rfc3339),
                revoked_why: row.get(6)?,
                last_seen_at: None,
            })
        })?
        .collect()
}
