//! Hello, receipts and progress.

use super::WireError;
use super::credit::Credit;
use super::reader::{Reader, Writer};
use crate::entry::StreamId;
use crate::hash::ChainHash;
use crate::ids::{Incarnation, Seq};

/// Where the sender stands with a stream (R12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// Which stream.
    pub stream: StreamId,
    /// Last place held; while a fork is looked for, a place before it.
    pub last: Seq,
    /// Chain there.
    pub last_hash: ChainHash,
}

impl Hello {
    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream).u64(self.last.0).raw(&self.last_hash.0);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { stream: r.stream()?, last: Seq(r.u64("last")?), last_hash: r.hash("last hash")? })
    }
}

/// Where the receiver stands with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelloAnswer {
    /// Which stream.
    pub stream: StreamId,
    /// Held durably up to here.
    pub through: Seq,
    /// Chain there; the genesis when nothing is held.
    pub hash: ChainHash,
    /// The place that the hello named: answers may come late and twice.
    pub last: Seq,
    /// Chain here at `last`, if it is held here.
    pub last_hash: Option<ChainHash>,
    /// What may be sent now.
    pub credit: Credit,
}

impl HelloAnswer {
    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream).u64(self.through.0).raw(&self.hash.0).u64(self.last.0);
        match &self.last_hash {
            Some(hash) => w.u8(1).raw(&hash.0),
            None => w.u8(0),
        };
        self.credit.write(w);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            stream: r.stream()?,
            through: Seq(r.u64("through")?),
            hash: r.hash("hash")?,
            last: Seq(r.u64("last")?),
            last_hash: match r.u8("held")? {
                0 => None,
                1 => Some(r.hash("last hash")?),
                _ => return Err(WireError::Value("held")),
            },
            credit: Credit::read(r)?,
        })
    }
}

/// The fixed replies to a batch (R9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stored; durable up to here.
    Accepted {
        /// High-water mark.
        through: Seq,
    },
    /// All of it was there; durable up to here.
    Duplicate {
        /// High-water mark.
        through: Seq,
    },
    /// Something is missing before it.
    Gap {
        /// Send from here.
        expected: Seq,
    },
    /// The device writes under another incarnation by now.
    StaleIncarnation {
        /// That one.
        current: Incarnation,
    },
    /// Older than what is kept.
    BelowRetention {
        /// Oldest place kept.
        oldest: Seq,
    },
    /// Send smaller batches.
    TooLarge {
        /// Bytes of body that would be taken.
        len_max: u32,
    },
    /// Wait before sending again.
    SlowDown {
        /// Milliseconds.
        wait_ms: u32,
    },
    /// Not taken, and sending it again will not help.
    Refused {
        /// Why.
        code: RefusalCode,
    },
}

/// Why a batch can never be taken as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// The link's peer may not send this stream.
    Forbidden,
    /// Body and header do not agree.
    Malformed,
    /// Another entry is stored under the same key: both are kept, somebody must look (R5).
    Forked,
    /// The receiver's storage failed; it says so rather than acknowledge.
    Storage,
}

impl Outcome {
    fn write(&self, w: &mut Writer) {
        match self {
            Self::Accepted { through } => w.u8(0).u64(through.0),
            Self::Duplicate { through } => w.u8(1).u64(through.0),
            Self::Gap { expected } => w.u8(2).u64(expected.0),
            Self::StaleIncarnation { current } => w.u8(3).raw(&current.0),
            Self::BelowRetention { oldest } => w.u8(4).u64(oldest.0),
            Self::TooLarge { len_max } => w.u8(5).u32(*len_max),
            Self::SlowDown { wait_ms } => w.u8(6).u32(*wait_ms),
            Self::Refused { code } => w.u8(7).u8(match code {
                RefusalCode::Forbidden => 0,
                RefusalCode::Malformed => 1,
                RefusalCode::Forked => 2,
                RefusalCode::Storage => 3,
            }),
        };
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match r.u8("outcome")? {
            0 => Self::Accepted { through: Seq(r.u64("through")?) },
            1 => Self::Duplicate { through: Seq(r.u64("through")?) },
            2 => Self::Gap { expected: Seq(r.u64("expected")?) },
            3 => Self::StaleIncarnation { current: r.incarnation("current")? },
            4 => Self::BelowRetention { oldest: Seq(r.u64("oldest")?) },
            5 => Self::TooLarge { len_max: r.u32("length")? },
            6 => Self::SlowDown { wait_ms: r.u32("wait")? },
            7 => Self::Refused {
                code: match r.u8("refusal")? {
                    0 => RefusalCode::Forbidden,
                    1 => RefusalCode::Malformed,
                    2 => RefusalCode::Forked,
                    3 => RefusalCode::Storage,
                    _ => return Err(WireError::Value("refusal")),
                },
            },
            _ => return Err(WireError::Value("outcome")),
        })
    }
}

/// The reply to a batch, sent only after the receiver's commit (R10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Which stream.
    pub stream: StreamId,
    /// What became of it.
    pub outcome: Outcome,
    /// What may be sent from now on.
    pub credit: Credit,
}

impl Receipt {
    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream);
        self.outcome.write(w);
        self.credit.write(w);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { stream: r.stream()?, outcome: Outcome::read(r)?, credit: Credit::read(r)? })
    }
}

/// How far did a stream get?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which stream.
    pub stream: StreamId,
}

impl Progress {
    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { stream: r.stream()? })
    }
}

/// This far: here, and at the next upstream as far as is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressAnswer {
    /// Which stream.
    pub stream: StreamId,
    /// Durable here up to this place.
    pub through: Seq,
    /// Acknowledged by the next upstream up to this place.
    pub upstream_through: Seq,
}

impl ProgressAnswer {
    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream).u64(self.through.0).u64(self.upstream_through.0);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            stream: r.stream()?,
            through: Seq(r.u64("through")?),
            upstream_through: Seq(r.u64("upstream through")?),
        })
    }
}
