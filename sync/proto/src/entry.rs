//! An entry of a journal and the stream it belongs to.

use serde::{Deserialize, Serialize};

use crate::hash::ChainHash;
use crate::ids::{DeviceId, Incarnation, Seq};

/// Largest entry that is recorded or accepted. A sale of 100 lines is about 12 KiB; the limit leaves room
/// for facts to come and keeps one entry far below a packet.
pub const ENTRY_LEN_MAX: usize = 64 * 1024;

/// One device's journal in one life of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamId {
    /// The device that writes it.
    pub device: DeviceId,
    /// Which life of the device's database (R4).
    pub incarnation: Incarnation,
}

impl StreamId {
    /// The stream's name in rows: 64 hexadecimal digits.
    pub fn to_text(&self) -> String {
        format!("{}{}", crate::ids::hex(&self.device.0), crate::ids::hex(&self.incarnation.0))
    }
}

/// Key of an entry, everywhere (R3, R5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    /// The stream.
    pub stream: StreamId,
    /// The place in it.
    pub seq: Seq,
}

impl EntryKey {
    /// A short text key that is the same wherever it is made: `DEVICE8.SERIES.SEQ`.
    pub fn to_text(&self) -> String {
        let device = self.stream.device.to_hex();
        format!("{}.{}.{}", device.get(..8).unwrap_or_default(), self.stream.incarnation.series(), self.seq)
    }
}

/// An entry as stored: its bytes are never re-serialised (R27).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which entry it is.
    pub key: EntryKey,
    /// The envelope's bytes, verbatim.
    pub bytes: Vec<u8>,
    /// Hash of the chain up to and including this entry.
    pub hash: ChainHash,
}
