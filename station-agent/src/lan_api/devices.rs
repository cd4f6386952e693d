//! The station's devices: who belongs, codes for new ones, and ending what one may do.

use axum::Json;
use axum::extract::{Path, State};
use rusqlite::Connection;
use station_api::{Device, DeviceKind, EnrolmentCode, ErrorCode, OpenCode, RevokeDevice};
use sync::carry::CarryError;
use sync::enrolment::{EnrolmentError, Invited};
use sync_identity::Kind;
use sync_proto::fact::{PendingAct, PendingOverridden};
use sync_proto::{DeviceId, StationCode, TerminalNo};

use crate::HQ;
use crate::calendar::rfc3339;
use crate::http::{JsonBody, Refusal, Shared};
use crate::ledger::LedgerError;
use crate::ledger::unsent::SILENT_MS;
use crate::station::Station;

/// Highest number of a till within its station.
pub const TERMINAL_MAX: u16 = 99;

/// Folder of exported journals in the data folder.
pub const EXPORTS: &str = "exports";

/// Who asks: the LAN API is the back office's. There are no names of persons in a journal (R39).
const BY: &str = "back office";

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

/// `POST /api/v1/devices/{device_id}/revoke`. Refused while entries of the device are pending (R17), unless somebody
/// says to go on: that is noted, and what is here of them is exported first.
pub(super) async fn revoke(
    State(station): State<Shared>,
    Path(device_id): Path<String>,
    JsonBody(RevokeDevice { reason, override_pending }): JsonBody<RevokeDevice>,
) -> Result<Json<Device>, Refusal> {
    let unknown = || EnrolmentError::UnknownDevice(device_id.chars().take(40).collect());
    let device = DeviceId::from_hex(&device_id).map_err(|_| unknown())?;
    let row = row_of(&station, device).await?.filter(|row| row.kind != DeviceKind::Agent);
    let row = row.ok_or_else(unknown)?;
    let mut exported_to = None;
    if row.revoked_at.is_none() && (row.pending > 0 || row.silent_since.is_some()) {
        if !override_pending {
            return Err(pending(&row));
        }
        exported_to = go_on(&station, device, row.pending, &reason).await?;
    }
    let clock = station.clock.clone();
    let revoked =
        station.writer.run(move |node| node.revoke_device(device, &reason, false, clock.now())).await;
    revoked.map_err(LedgerError::from)??;
    tracing::warn!(%device, "a device was revoked");
    station.live.sweep(&station.devices, &station.verifier).await;
    let row = row_of(&station, device).await?.ok_or_else(unknown)?;
    Ok(Json(Device { exported_to, ..row }))
}

fn pending(row: &Device) -> Refusal {
    let mut detail = format!("{} entries of this device have not reached head office", row.pending);
    if let Some(since) = &row.silent_since {
        detail.push_str(&format!(", and nothing was heard of it since {since}: it may hold more"));
    }
    detail.push_str(
        ". It was not revoked. Connect it until none is pending, or send override_pending: then what is here is exported first.",
    );
    Refusal::new(ErrorCode::PendingEntries, detail)
}

/// Notes that somebody goes on, and exports what is here of the device's journal. Returns where to.
async fn go_on(
    station: &Station,
    device: DeviceId,
    pending: u64,
    reason: &str,
) -> Result<Option<String>, Refusal> {
    let over = PendingOverridden {
        device,
        station: station.code.clone(),
        act: PendingAct::Revoke,
        pending,
        by: BY.to_owned(),
        why: reason.to_owned(),
    };
    let now = station.clock.now();
    let carried = station.writer.run(move |node| {
        node.override_pending(over, now)?;
        node.export_unsent(HQ, Some(device), now.wall_ms)
    });
    let carried = carried.await.map_err(LedgerError::from)?.map_err(|why| carry_refusal(&why))?;
    if carried.entry_count() == 0 {
        return Ok(None);
    }
    let folder = station.setup.config.data_dir.join(EXPORTS);
    let path = folder.join(sync::carry::file_name(device, now.wall_ms));
    let shown = path.display().to_string();
    let written = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)
            .map_err(|source| CarryError::File { path: folder.clone(), source })
            .and_then(|()| carried.write(&path))
    });
    match written.await {
        Ok(Ok(())) => Ok(Some(shown)),
        Ok(Err(why)) => Err(carry_refusal(&why)),
        Err(_) => Err(LedgerError::Stopping.into()),
    }
}

/// The refusal of a file that cannot be carried here, or away.
pub(crate) fn carry_refusal(why: &CarryError) -> Refusal {
    let code = match why {
        CarryError::BadReason => ErrorCode::BadReason,
        CarryError::UnknownDevice(_) => ErrorCode::UnknownDevice,
        CarryError::Pending(_) => ErrorCode::PendingEntries,
        CarryError::File { .. } | CarryError::Node(_) => ErrorCode::StorageFailed,
        CarryError::NotAJournal
        | CarryError::TooLong
        | CarryError::Damaged
        | CarryError::Malformed(_)
        | CarryError::OtherStation(_) => ErrorCode::BadJournalFile,
    };
    if code.status() >= 500 {
        tracing::error!(%why, "a journal could not be carried");
    }
    let said = why.to_string();
    let mut letters = said.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    Refusal::new(code, format!("{first}{}. Nothing was imported or revoked.", letters.as_str()))
}

async fn row_of(station: &Station, device: DeviceId) -> Result<Option<Device>, LedgerError> {
    Ok(devices(station).await?.into_iter().find(|row| row.device_id == device.to_hex()))
}

async fn devices(station: &Station) -> Result<Vec<Device>, LedgerError> {
    let mut rows = station.read(|connection, code| Ok(stored(connection, code)?)).await?;
    let unsent = station.unsent().await?;
    let now_ms = station.clock.now().corrected_ms();
    for row in &mut rows {
        let Ok(device) = DeviceId::from_hex(&row.device_id) else { continue };
        let seen_ms = station.seen.newest(&[device]);
        row.last_seen_at = seen_ms.map(rfc3339);
        let Some(of_device) = unsent.get(&device) else { continue };
        row.pending = of_device.count();
        row.pending_oldest_at = of_device.oldest_at_ms.map(rfc3339);
        // Since a restart of the agent a till that wrote here may not have called yet.
        let is_silent = seen_ms.is_none_or(|seen_ms| now_ms.saturating_sub(seen_ms) > SILENT_MS);
        if row.kind == DeviceKind::Till && is_silent {
            row.silent_since = row.last_seen_at.clone().or_else(|| Some(row.enrolled_at.clone()));
        }
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
                pending: 0,
                pending_oldest_at: None,
                silent_since: None,
                exported_to: None,
            })
        })?
        .collect()
}
