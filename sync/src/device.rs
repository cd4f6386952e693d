//! Device files and their proof: what a link shows to say who it is.
//!
//! The issuer keeps a digest of the secret only. Both links end in [`Devices::peer`], the one place where a
//! [`Peer`] is made.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sync_proto::ids::{hex, unhex};
use sync_proto::{DeviceId, Origin, Role, StationCode, TerminalNo};

use crate::peer::Peer;
use crate::reader::Reader;
use crate::store::StoreError;

/// Largest device file that is read.
const FILE_LEN_MAX: u64 = 4 * 1024;

/// Why a device file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum DeviceFileError {
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
    /// Not a device file.
    #[error("{path} is not a device file: {why}; enrol the device again")]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

/// What a device is and how it proves it; a file of mode 0600.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceFile {
    /// Its id.
    pub device: DeviceId,
    /// Where it stands.
    pub station: StationCode,
    /// What it is.
    pub role: Role,
    /// Its number, if it is a till.
    pub terminal: Option<TerminalNo>,
    /// 64 hexadecimal digits.
    secret: String,
}

impl std::fmt::Debug for DeviceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceFile")
            .field("device", &self.device)
            .field("station", &self.station)
            .field("role", &self.role)
            .field("terminal", &self.terminal)
            .field("secret", &"…")
            .finish()
    }
}

/// A device as its issuer keeps it.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Who it is.
    pub peer: Peer,
    /// Digest of its secret.
    pub secret_sha256: [u8; 32],
}

impl DeviceFile {
    /// Mints a device and its secret.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn mint(
        station: StationCode,
        role: Role,
        terminal: Option<TerminalNo>,
    ) -> Result<Self, getrandom::Error> {
        let mut secret = [0u8; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self { device: DeviceId(random_16()?), station, role, terminal, secret: hex(&secret) })
    }

    /// Reads and checks a device file.
    pub fn read(path: &Path) -> Result<Self, DeviceFileError> {
        let name = path.display().to_string();
        let io = |source| DeviceFileError::Io { path: name.clone(), source };
        let len = std::fs::metadata(path).map_err(io)?.len();
        let malformed = |why: String| DeviceFileError::Malformed { path: name.clone(), why };
        if len > FILE_LEN_MAX {
            return Err(malformed(format!("it has {len} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        let file: Self = serde_json::from_str(&text).map_err(|why| malformed(why.to_string()))?;
        if file.secret.len() != 64 || unhex(&file.secret).is_none() {
            return Err(malformed("its secret is not 64 hexadecimal digits".to_owned()));
        }
        Ok(file)
    }

    /// Writes it beside and renames it into place, readable by its owner only.
    pub fn write(&self, path: &Path) -> Result<(), DeviceFileError> {
        let io = |source| DeviceFileError::Io { path: path.display().to_string(), source };
        let text = serde_json::to_string_pretty(self).map_err(|why| DeviceFileError::Malformed {
            path: path.display().to_string(),
            why: why.to_string(),
        })?;
        let beside = path.with_extension("new");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&beside)
            .map_err(io)?;
        file.write_all(text.as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        std::fs::rename(&beside, path).map_err(io)
    }

    /// The secret as the link sends it.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// `Authorization` of the HTTP link.
    pub fn authorization(&self) -> String {
        format!("Device {}:{}", self.device, self.secret)
    }

    /// Who this device is, in its own journal.
    pub fn origin(&self) -> Origin {
        Origin {
            station: self.station.clone(),
            device: self.device,
            role: self.role,
            terminal: self.terminal,
        }
    }

    /// What its issuer keeps.
    pub fn enrolled(&self) -> Enrolled {
        Enrolled {
            peer: Peer {
                station: self.station.clone(),
                device: self.device,
                role: self.role,
                terminal: self.terminal,
            },
            secret_sha256: digest(&self.secret),
        }
    }
}

/// Devices that may connect here.
#[derive(Debug, Clone)]
pub struct Devices {
    reader: Reader,
}

impl Devices {
    /// Over the `devices` table of a node's database.
    pub const fn new(reader: Reader) -> Self {
        Self { reader }
    }

    /// Who shows this device id and secret: the one place where a peer is made. `None` when the device is
    /// unknown, revoked or shows another secret; which of them is not told.
    pub fn peer(&self, device: &str, secret: &str) -> Result<Option<Peer>, StoreError> {
        let Ok(device) = DeviceId::from_hex(device) else { return Ok(None) };
        type Row = (String, String, Option<u16>, [u8; 32]);
        let found: Option<Row> = self.reader.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT station, role, terminal, secret_sha256 FROM devices \
                     WHERE device = $1 AND revoked_at_ms IS NULL",
                )?
                .query_row(params![device.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                .optional()
        })?;
        let Some((station, role, terminal, stored)) = found else { return Ok(None) };
        // Digests of a 256-bit secret: comparing them in variable time tells nothing about the secret.
        if digest(secret) != stored {
            return Ok(None);
        }
        let (Ok(station), Some(role)) = (StationCode::new(station), Role::parse(&role)) else {
            return Err(StoreError::Damaged(format!("device {device} has no readable station or role")));
        };
        Ok(Some(Peer { station, device, role, terminal: terminal.map(TerminalNo) }))
    }

    /// [`Self::peer`] of an `Authorization: Device ID:SECRET` header.
    pub fn peer_of_header(&self, header: &str) -> Result<Option<Peer>, StoreError> {
        match header.strip_prefix("Device ").and_then(|rest| rest.split_once(':')) {
            Some((device, secret)) => self.peer(device, secret),
            None => Ok(None),
        }
    }
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

fn digest(secret: &str) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(secret.as_bytes()).into()
}
