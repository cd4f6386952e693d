//! A journal carried by hand: what has not reached upstream, in a file that can be imported (R17).
//!
//! The file is `JUYUJRN1`, the length of a head and the head in JSON, batches as they travel, each after its length, a
//! length of zero, and the SHA-256 of everything before. Whoever imports it takes nothing on trust: the batches go
//! through `receive` like those of any link, so that their chain is verified, what is there already is a duplicate, and
//! what contradicts the journal here is a fork.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sync_proto::wire::{MESSAGE_LEN_MAX, Message};
use sync_proto::{ChainHash, DeviceId, StationCode, StreamId, ids};

use crate::node::NodeError;

const MAGIC: [u8; 8] = *b"JUYUJRN1";

/// Longest file, in bytes: a busy station's journal of a year without any link, as it is compressed.
pub const CARRIED_LEN_MAX: usize = 64 * 1024 * 1024;

/// Longest head, in bytes; an honest one has two hundred.
const HEAD_LEN_MAX: usize = 4 * 1024;

const DIGEST_LEN: usize = 32;

/// Longest reason of an override, in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// Why a journal was not carried. Nothing was imported, or no file was written.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// It does not begin as such a file.
    #[error("this is not a file of a journal; choose one that an export wrote")]
    NotAJournal,
    /// Longer than [`CARRIED_LEN_MAX`].
    #[error("a file of a journal has at most {CARRIED_LEN_MAX} bytes; this one, or what waits, is longer")]
    TooLong,
    /// The digest at its end does not fit, or there is none.
    #[error("the file is damaged or was cut short; copy it again from where it was written")]
    Damaged,
    /// Its digest fits, and it is none all the same.
    #[error("the file cannot be read: {0}; bring both programs to versions that fit together")]
    Malformed(String),
    /// It is of another station than this agent's.
    #[error("the file is of station {0}; import it at its own station or at head office")]
    OtherStation(StationCode),
    /// Nobody enrolled the device whose journal it is.
    #[error("device {0} in the file was never enrolled here; import it where the device belongs")]
    UnknownDevice(DeviceId),
    /// Entries are pending, and nobody said to go on all the same.
    #[error(
        "{0} entries have not reached head office. Wait until none is pending, or go on with --override-pending, a reason and a file to export them to"
    )]
    Pending(u64),
    /// The reason is empty, too long or not printable.
    #[error("a reason of 1 to {REASON_CHARS_MAX} printable characters is needed")]
    BadReason,
    /// The file cannot be written.
    #[error("{path}: {source}; choose a folder that can be written and a file that does not exist yet")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The journal did not answer.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// What waits to reach an upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsent {
    /// Entries.
    pub count: u64,
    /// When the oldest was written, milliseconds since 1970 UTC.
    pub oldest_at_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) station: StationCode,
    /// Who wrote the file.
    pub(crate) device: DeviceId,
    pub(crate) at_ms: i64,
    pub(crate) entries: u64,
}

/// A journal in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    pub(crate) head: Head,
    /// Each with its stream.
    pub(crate) batches: Vec<(StreamId, Vec<u8>)>,
}

/// What importing did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Entries that are new here.
    pub stored: u64,
    /// Entries that were here already.
    pub known: u64,
    /// Batches that contradict what is here: both are kept, somebody must look (R5).
    pub forked: u64,
    /// Batches that do not go on where their journal ends here, or are of a device that was never enrolled here.
    pub refused: u64,
}

impl Carried {
    /// Whose station.
    pub const fn station(&self) -> &StationCode {
        &self.head.station
    }

    /// Entries in it.
    pub const fn entry_count(&self) -> u64 {
        self.head.entries
    }

    /// The file.
    ///
    /// # Errors
    /// It would be too long.
    pub fn encode(&self) -> Result<Vec<u8>, CarryError> {
        let head = serde_json::to_vec(&self.head).map_err(|why| CarryError::Malformed(why.to_string()))?;
        let mut file = MAGIC.to_vec();
        put(&mut file, &head)?;
        for (_, batch) in &self.batches {
            put(&mut file, batch)?;
        }
        file.extend_from_slice(&0_u32.to_be_bytes());
        let digest = digest(&file);
        file.extend_from_slice(&digest);
        if file.len() > CARRIED_LEN_MAX { Err(CarryError::TooLong) } else { Ok(file) }
    }

    /// Reads a file of whatever origin; its entries are verified when they are taken.
    ///
    /// # Errors
    /// See [`CarryError`].
    pub fn decode(file: &[u8]) -> Result<Self, CarryError> {
        if file.len() > CARRIED_LEN_MAX {
            return Err(CarryError::TooLong);
        }
        if !file.starts_with(&MAGIC) {
            return Err(CarryError::NotAJournal);
        }
        let end = file.len().checked_sub(DIGEST_LEN).ok_or(CarryError::Damaged)?;
        let (body, said) = file.split_at_checked(end).ok_or(CarryError::Damaged)?;
        if digest(body) != said {
            return Err(CarryError::Damaged);
        }
        let mut rest = body.get(MAGIC.len()..).unwrap_or_default();
        let head = take(&mut rest, HEAD_LEN_MAX)?.ok_or_else(|| malformed("it has no head"))?;
        let head: Head = serde_json::from_slice(head).map_err(|why| malformed(&why.to_string()))?;
        let (mut batches, mut entries) = (Vec::new(), 0_u64);
        while let Some(bytes) = take(&mut rest, MESSAGE_LEN_MAX)? {
            let Message::Batch(batch) = Message::decode(bytes).map_err(|why| malformed(&why.to_string()))?
            else {
                return Err(malformed("it holds a message that is no batch"));
            };
            entries = entries.saturating_add(u64::from(batch.count));
            batches.push((batch.stream, bytes.to_vec()));
        }
        if !rest.is_empty() || entries != head.entries {
            return Err(malformed("head and batches do not agree"));
        }
        Ok(Self { head, batches })
    }

    /// Writes the file beside its place, and puts it there once it is durable. A file that is there is kept.
    ///
    /// # Errors
    /// It is too long, or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), CarryError> {
        let bytes = self.encode()?;
        let failed = |source| CarryError::File { path: path.to_owned(), source };
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        let written = written.and_then(|()| match path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            Some(dir) => std::fs::File::open(dir)?.sync_all(),
            None => Ok(()),
        });
        if written.is_err() {
            // Half a file would be found damaged; better none.
            let _ = std::fs::remove_file(path);
        }
        written.map_err(failed)
    }

    /// Reads the file at `path`, up to the limit.
    ///
    /// # Errors
    /// See [`Carried::decode`].
    pub fn read(path: &Path) -> Result<Self, CarryError> {
        use std::io::Read as _;
        let failed = |source| CarryError::File { path: path.to_owned(), source };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(CARRIED_LEN_MAX).unwrap_or(u64::MAX).saturating_add(1);
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        Self::decode(&bytes)
    }
}

pub(crate) fn malformed(why: &str) -> CarryError {
    CarryError::Malformed(why.to_owned())
}

fn put(file: &mut Vec<u8>, bytes: &[u8]) -> Result<(), CarryError> {
    let len = u32::try_from(bytes.len()).map_err(|_| CarryError::TooLong)?;
    file.extend_from_slice(&len.to_be_bytes());
    file.extend_from_slice(bytes);
    if file.len() > CARRIED_LEN_MAX { Err(CarryError::TooLong) } else { Ok(()) }
}

/// The next piece; `None` at the end's zero.
fn take<'a>(rest: &mut &'a [u8], len_max: usize) -> Result<Option<&'a [u8]>, CarryError> {
    let (len, after) = rest.split_first_chunk::<4>().ok_or_else(|| malformed("it ends in a length"))?;
    let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
    if len > len_max {
        return Err(malformed("a piece is too long"));
    }
    let (piece, after) = after.split_at_checked(len).ok_or_else(|| malformed("a piece is cut off"))?;
    *rest = after;
    Ok((len > 0).then_some(piece))
}

/// SHA-256, by the chain's own function: of a fixed start and the bytes.
fn digest(bytes: &[u8]) -> [u8; DIGEST_LEN] {
    ChainHash([0; DIGEST_LEN]).chain(bytes).0
}

/// A name for a file of `device`'s journal.
pub fn file_name(device: DeviceId, at_ms: i64) -> String {
    let id: String = ids::hex(&device.0).chars().take(12).collect();
    format!("{id}-{at_ms}.juyu-journal")
}
