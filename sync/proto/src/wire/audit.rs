//! Audit of acknowledged ranges (R29): what was acknowledged once is still there, byte for byte.

use super::WireError;
use super::reader::{Reader, Writer};
use crate::entry::StreamId;
use crate::hash::ChainHash;
use crate::ids::Seq;

/// Places of one audit: a receiver reads and chains them in about two milliseconds.
pub const AUDIT_ENTRIES_MAX: u64 = 1_000;

/// Do you still hold these places of a stream, and do they lead from one chain to the other?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// Which stream.
    pub stream: StreamId,
    /// First place; at least 1.
    pub from: Seq,
    /// Last place; at most [`AUDIT_ENTRIES_MAX`] places in all.
    pub to: Seq,
    /// Chain before the first.
    pub prev_hash: ChainHash,
    /// Chain after the last.
    pub last_hash: ChainHash,
}

impl Audit {
    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream).u64(self.from.0).u64(self.to.0).raw(&self.prev_hash.0).raw(&self.last_hash.0);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let (stream, from, to) = (r.stream()?, Seq(r.u64("from")?), Seq(r.u64("to")?));
        let places = to.0.checked_sub(from.0).and_then(|rest| rest.checked_add(1));
        if from == Seq::NONE || places.is_none_or(|places| places > AUDIT_ENTRIES_MAX) {
            return Err(WireError::Value("range"));
        }
        Ok(Self { stream, from, to, prev_hash: r.hash("previous hash")?, last_hash: r.hash("last hash")? })
    }
}

/// What the receiver found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// All of it is there.
    Whole,
    /// It cannot be compared here: not all of it was stored yet, or it was purged.
    OutOfReach,
    /// It is whole, and another chain: a hello finds where the two part (R12).
    Parted,
    /// These places are missing or were altered, the last such run. Those before it may be bad too.
    Bad {
        /// First of the run.
        from: Seq,
        /// Last of the run.
        to: Seq,
    },
}

/// The answer to an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditAnswer {
    /// Which stream.
    pub stream: StreamId,
    /// What was found.
    pub finding: Finding,
}

impl AuditAnswer {
    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream);
        match self.finding {
            Finding::Whole => w.u8(0),
            Finding::OutOfReach => w.u8(1),
            Finding::Parted => w.u8(2),
            Finding::Bad { from, to } => w.u8(3).u64(from.0).u64(to.0),
        };
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let stream = r.stream()?;
        let finding = match r.u8("finding")? {
            0 => Finding::Whole,
            1 => Finding::OutOfReach,
            2 => Finding::Parted,
            3 => Finding::Bad { from: Seq(r.u64("from")?), to: Seq(r.u64("to")?) },
            _ => return Err(WireError::Value("finding")),
        };
        Ok(Self { stream, finding })
    }
}
