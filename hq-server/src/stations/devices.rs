//! Enrolment of a station's agent: HQ mints the device and keeps only the digest of its secret.

use sync::SqliteStore;
use sync::StoreError;
use sync::device::DeviceFile;
use sync_proto::{Role, StationCode};

/// Mints and enrols an agent of `station`.
pub fn enrol_agent(
    store: &mut SqliteStore,
    station: StationCode,
    at_ms: i64,
) -> Result<DeviceFile, StoreError> {
    let file = DeviceFile::mint(station, Role::Agent, None)
        .map_err(|why| StoreError::Refused(format!("the system gives no random numbers: {why}")))?;
    store.enrol_device(&file.enrolled(), at_ms)?;
    Ok(file)
}
