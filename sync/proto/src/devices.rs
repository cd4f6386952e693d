//! The register of devices, as a projection: HQ learns from a station's journal what its agent enrolled, the
//! agent learns from its station's feed what HQ revoked.

use crate::fact::{CertificateIssued, DeviceRevoked, Fact, IssuedFor};
use crate::ids::{DeviceId, StationCode};
use crate::origin::Role;
use crate::project::{Posting, Projection, ProjectionError};
use crate::rows::{RowKey, Rows};

crate::table! {
    /// A device. Both generations only grow, so that issuing and revoking may arrive in any order (R16): the device
    /// is revoked while `revoked_generation` is not below `generation`.
    pub struct Device in "enrolled_devices" { device: String } {
        station: String,
        /// Empty when only its revocation is known.
        role: String,
        terminal: Option<i64>,
        generation: i64,
        serial: String,
        enrolled_at_ms: i64,
        ends_at_ms: i64,
        revoked_generation: i64,
        revoked_at_ms: Option<i64>,
        revoked_why: Option<String>,
    }
}

impl Device {
    /// Whether what the device shows opens nothing any more.
    pub const fn is_revoked(&self) -> bool {
        self.revoked_generation >= self.generation
    }

    fn unknown(device: DeviceId, station: &StationCode) -> Self {
        Self {
            device: device.to_hex(),
            station: station.to_string(),
            role: String::new(),
            terminal: None,
            generation: 0,
            serial: String::new(),
            enrolled_at_ms: 0,
            ends_at_ms: 0,
            revoked_generation: 0,
            revoked_at_ms: None,
            revoked_why: None,
        }
    }
}

/// Keeps `enrolled_devices`.
#[derive(Debug, Default, Clone, Copy)]
pub struct DeviceBook;

/// Key of a device's revocation in its station's feed.
pub fn revocation_feed_key(device: DeviceId) -> String {
    format!("revoked/{device}")
}

impl Projection for DeviceBook {
    fn wants(&self, posting: &Posting, _rows: &Rows) -> Vec<RowKey> {
        match &posting.envelope.fact {
            Fact::CertificateIssued(issued) => vec![Device::key(issued.device.to_hex())],
            Fact::DeviceRevoked(revoked) => vec![Device::key(revoked.device.to_hex())],
            _ => Vec::new(),
        }
    }

    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        match &posting.envelope.fact {
            Fact::CertificateIssued(fact) => issued(posting, fact, rows),
            Fact::DeviceRevoked(fact) => revoked(posting, fact, rows),
            _ => Ok(()),
        }
    }
}

/// An agent speaks for the tills and back offices of its own station; HQ speaks for all.
fn check_speaker(
    posting: &Posting,
    station: &StationCode,
    role: Option<Role>,
) -> Result<(), ProjectionError> {
    let own = posting.origin.role == Role::Agent && posting.origin.station == *station;
    if posting.origin.role == Role::Hq || (own && role != Some(Role::Agent)) {
        return Ok(());
    }
    let who = &posting.origin.station;
    Err(ProjectionError::Rejected(format!("{who} cannot say who belongs to {station}")))
}

/// Head office's own agents are not an agent's to speak of, and generations grow one by one: a single lie must not
/// lock a device out for ever.
fn check_generation(posting: &Posting, row: &Device, generation: i64) -> Result<(), ProjectionError> {
    if posting.origin.role == Role::Hq {
        return Ok(());
    }
    if row.role == Role::Agent.as_str() {
        return Err(ProjectionError::Rejected(format!("{} is head office's to speak of", row.device)));
    }
    let next = row.generation.max(row.revoked_generation).saturating_add(1);
    if generation > next {
        return Err(ProjectionError::Rejected(format!("{} has no generation {generation} yet", row.device)));
    }
    Ok(())
}

fn known(device: DeviceId, station: &StationCode, rows: &Rows) -> Result<Device, ProjectionError> {
    let found: Option<Device> = rows.get(&Device::key(device.to_hex()))?;
    let row = found.unwrap_or_else(|| Device::unknown(device, station));
    if row.station == station.as_str() {
        Ok(row)
    } else {
        Err(ProjectionError::Rejected(format!(
            "device {device} belongs to {}, not to {station}",
            row.station
        )))
    }
}

fn issued(posting: &Posting, fact: &CertificateIssued, rows: &mut Rows) -> Result<(), ProjectionError> {
    check_speaker(posting, &fact.station, Some(fact.role))?;
    let mut row = known(fact.device, &fact.station, rows)?;
    let generation = i64::from(fact.generation);
    check_generation(posting, &row, generation)?;
    if generation < row.generation {
        return Ok(());
    }
    if fact.why == IssuedFor::Enrolment {
        row.enrolled_at_ms = posting.envelope.at.wall_ms;
    }
    if generation > row.revoked_generation {
        row.revoked_at_ms = None;
        row.revoked_why = None;
    }
    fact.role.as_str().clone_into(&mut row.role);
    row.terminal = fact.terminal.map(|number| i64::from(number.0));
    row.generation = generation;
    row.serial.clone_from(&fact.serial);
    row.ends_at_ms = fact.ends_at_ms;
    rows.put(row);
    Ok(())
}

fn revoked(posting: &Posting, fact: &DeviceRevoked, rows: &mut Rows) -> Result<(), ProjectionError> {
    check_speaker(posting, &fact.station, None)?;
    let mut row = known(fact.device, &fact.station, rows)?;
    let generation = i64::from(fact.generation);
    check_generation(posting, &row, generation)?;
    if generation > row.revoked_generation {
        row.revoked_generation = generation;
        if generation >= row.generation {
            row.revoked_at_ms = Some(posting.envelope.at.wall_ms);
            row.revoked_why = Some(fact.why.clone());
        }
        rows.put(row);
    }
    Ok(())
}
