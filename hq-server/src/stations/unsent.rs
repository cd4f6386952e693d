//! What a device holds that has not reached head office, as far as its station told (R17).

use sync_proto::fact::{PendingAct, PendingOverridden};
use sync_proto::{DeviceId, StationCode};

use super::{DeviceRow, Seen};
use crate::refusal::Refusal;

/// Why a device is not given up without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsent {
    /// Entries known of; a device that is silent may hold more.
    pub count: u64,
    /// Since when nothing is heard of it.
    pub silent_since_ms: Option<i64>,
}

impl Unsent {
    /// Of a device; `None` when nothing is pending and it is heard of, or was never heard of and so never wrote.
    pub fn of(device: &DeviceRow, seen: Option<&Seen>) -> Option<Self> {
        let seen = seen?;
        let station_silent_ms = (seen.connections == 0).then_some(seen.last_seen_at_ms);
        let unsent = match device.role.as_str() {
            "agent" => Self {
                count: u64::try_from(seen.pending.unwrap_or(0)).unwrap_or(0),
                silent_since_ms: station_silent_ms,
            },
            "terminal" => {
                let told = seen.report.tills.iter().find(|till| till.device.to_hex() == device.device);
                Self {
                    count: told.map_or(0, |till| till.pending),
                    silent_since_ms: station_silent_ms.or_else(|| told.and_then(|till| till.stale_since_ms)),
                }
            }
            // A back office writes no journal.
            _ => return None,
        };
        (unsent.count > 0 || unsent.silent_since_ms.is_some()).then_some(unsent)
    }
}

/// What is noted when somebody revokes it all the same.
///
/// # Errors
/// The register does not read.
pub fn overridden(
    device: DeviceId,
    row: &DeviceRow,
    unsent: Unsent,
    why: &str,
) -> Result<PendingOverridden, Refusal> {
    let station =
        StationCode::new(row.station.as_str()).map_err(|_| Refusal::UnknownStation(row.station.clone()))?;
    Ok(PendingOverridden {
        device,
        station,
        act: PendingAct::Revoke,
        pending: unsent.count,
        by: "console".to_owned(),
        why: why.to_owned(),
    })
}
