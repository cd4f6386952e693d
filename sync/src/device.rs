//! Who is at the other end: what a certificate says, held against the register of devices.

use rusqlite::{Connection, OptionalExtension, params};
use sync_identity::{Certified, Kind, Subject};
use sync_proto::{DeviceId, StationCode};

use crate::peer::Peer;
use crate::reader::Reader;
use crate::store::StoreError;

/// Whose register it is, which decides who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desk {
    /// Agents that head office enrolled, and tills of stations whose agent is not revoked.
    HeadOffice,
    /// Tills and back offices that this station enrolled.
    Station(StationCode),
}

/// Devices that may connect here.
#[derive(Debug, Clone)]
pub struct Devices {
    reader: Reader,
    desk: Desk,
}

/// What the register says of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Generations {
    current: i64,
    revoked: i64,
}

impl Devices {
    /// Over the register of a node's database.
    pub const fn new(reader: Reader, desk: Desk) -> Self {
        Self { reader, desk }
    }

    /// Who showed a checked certificate: the one place where a peer is made. `None` when the device is not
    /// enrolled here, is revoked, or was enrolled again since; which of them is not told.
    pub fn peer(&self, shown: &Certified) -> Result<Option<Peer>, StoreError> {
        let allowed = self.reader.read(|connection| self.allows(connection, shown))?;
        Ok(allowed.then(|| Peer::of(&shown.subject)))
    }

    /// [`Self::peer`] from async code.
    pub async fn look_up(&self, shown: Certified) -> Result<Option<Peer>, StoreError> {
        let devices = self.clone();
        let task = tokio::task::spawn_blocking(move || devices.peer(&shown));
        task.await.map_err(|why| StoreError::Damaged(format!("a read ended early: {why}")))?
    }

    /// Which of these are not let in any more, in one read. A register that does not answer turns nobody out.
    pub async fn turned_out(&self, shown: Vec<Certified>) -> Result<Vec<bool>, StoreError> {
        let devices = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            devices.reader.read(|connection| {
                shown.iter().map(|each| devices.allows(connection, each).map(|allowed| !allowed)).collect()
            })
        });
        task.await.map_err(|why| StoreError::Damaged(format!("a read ended early: {why}")))?
    }

    fn allows(&self, connection: &Connection, shown: &Certified) -> rusqlite::Result<bool> {
        let subject = &shown.subject;
        let holds = |found: Option<Generations>, generation: u32| {
            found.is_some_and(|found| {
                found.current == i64::from(generation) && found.revoked < i64::from(generation)
            })
        };
        match (&self.desk, subject.kind) {
            (Desk::HeadOffice, Kind::Agent) => {
                Ok(holds(generations(connection, subject.device)?, subject.generation))
            }
            // A till may call before the agent's word of it arrived: the authority that signed it vouches.
            (Desk::HeadOffice, Kind::Till(_)) => {
                let own = generations(connection, subject.device)?;
                let own = own.is_none_or(|_| holds(own, subject.generation));
                Ok(own && vouched(connection, subject, shown.signed_by.as_ref())?)
            }
            (Desk::Station(code), Kind::Till(_) | Kind::Office) if subject.station == *code => {
                let own = holds(generations(connection, subject.device)?, subject.generation);
                Ok(own && !is_disowned(connection, shown.signed_by.as_ref())?)
            }
            (Desk::HeadOffice, Kind::Office) | (Desk::Station(_), _) => Ok(false),
        }
    }
}

/// Whether an agent of the same station signed it, and was not revoked since.
fn vouched(
    connection: &Connection,
    subject: &Subject,
    signed_by: Option<&Subject>,
) -> rusqlite::Result<bool> {
    let Some(agent) = signed_by.filter(|agent| agent.station == subject.station) else { return Ok(false) };
    let found = generations(connection, agent.device)?;
    Ok(found.is_some_and(|found| found.revoked < i64::from(agent.generation)))
}

/// Whether head office revoked the agent that signed it: an earlier one of the same station, whose authority still
/// holds. Of an agent that was revoked nothing else may be known here.
fn is_disowned(connection: &Connection, signed_by: Option<&Subject>) -> rusqlite::Result<bool> {
    let Some(agent) = signed_by else { return Ok(true) };
    let revoked: Option<i64> = connection
        .prepare_cached("SELECT revoked_generation FROM enrolled_devices WHERE device = $1")?
        .query_row(params![agent.device.to_hex()], |row| row.get(0))
        .optional()?;
    Ok(revoked.is_some_and(|revoked| revoked >= i64::from(agent.generation)))
}

fn generations(connection: &Connection, device: DeviceId) -> rusqlite::Result<Option<Generations>> {
    connection
        .prepare_cached(
            "SELECT generation, revoked_generation FROM enrolled_devices WHERE device = $1 AND role <> ''",
        )?
        .query_row(params![device.to_hex()], |row| {
            Ok(Generations { current: row.get(0)?, revoked: row.get(1)? })
        })
        .optional()
}

/// Sixteen random bytes, for an incarnation or a device id.
///
/// # Errors
/// When the system has no randomness to give.
pub fn random_16() -> Result<[u8; 16], getrandom::Error> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
