//! Entries given back to a station whose box, or whose till, was replaced (R38).

use super::batch::Batch;
use super::reader::{Reader, Writer};
use super::{MESSAGE_LEN_MAX, WireError};
use crate::entry::StreamId;
use crate::ids::{Seq, TerminalNo};
use crate::origin::Role;

/// Streams named in one answer; a station of ten tills that were each replaced twice a year for ten years has 220.
pub const STREAMS_MAX: usize = 1_000;

/// Which streams of my station do you hold, after this one in their order?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListStreams {
    /// The last one that was named; `None` at the beginning.
    pub after: Option<StreamId>,
}

impl ListStreams {
    pub(super) fn write(&self, w: &mut Writer) {
        match &self.after {
            Some(after) => w.u8(1).stream(after),
            None => w.u8(0),
        };
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let after = match r.u8("after")? {
            0 => None,
            1 => Some(r.stream()?),
            _ => return Err(WireError::Value("after")),
        };
        Ok(Self { after })
    }
}

/// A stream of the asker's station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldStream {
    /// Which stream.
    pub stream: StreamId,
    /// What its writer is.
    pub role: Role,
    /// Its number, if it is a till.
    pub terminal: Option<TerminalNo>,
    /// Held up to here.
    pub through: Seq,
}

/// Those streams, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamList {
    /// At most [`STREAMS_MAX`].
    pub streams: Vec<HeldStream>,
    /// There are others behind the last.
    pub more: bool,
}

impl StreamList {
    pub(super) fn write(&self, w: &mut Writer) {
        w.u8(u8::from(self.more));
        for held in &self.streams {
            let role = match held.role {
                Role::Terminal => 0,
                Role::Agent => 1,
                Role::Hq => 2,
                Role::Office => 3,
            };
            // No till has the number 0.
            let terminal = held.terminal.map_or(0, |number| number.0);
            w.stream(&held.stream).u8(role).u16(terminal).u64(held.through.0);
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let more = match r.u8("more")? {
            0 => false,
            1 => true,
            _ => return Err(WireError::Value("more")),
        };
        let mut streams = Vec::new();
        while !r.is_empty() {
            let stream = r.stream()?;
            let role = match r.u8("role")? {
                0 => Role::Terminal,
                1 => Role::Agent,
                2 => Role::Hq,
                3 => Role::Office,
                _ => return Err(WireError::Value("role")),
            };
            let number = r.u16("terminal")?;
            let terminal = (number > 0).then_some(TerminalNo(number));
            streams.push(HeldStream { stream, role, terminal, through: Seq(r.u64("through")?) });
            if streams.len() > STREAMS_MAX {
                return Err(WireError::Value("streams"));
            }
        }
        Ok(Self { streams, more })
    }
}

/// Give me the entries of a stream from a place on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    /// Which stream.
    pub stream: StreamId,
    /// The first place wanted.
    pub from: Seq,
}

impl Fetch {
    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream).u64(self.from.0);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { stream: r.stream()?, from: Seq(r.u64("from")?) })
    }
}

/// As many of them as fit into a message; `None` when nothing is held from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The entries, byte for byte.
    pub batch: Option<Batch>,
}

impl Fetched {
    pub(super) fn write(&self, w: &mut Writer) {
        match &self.batch {
            Some(batch) => batch.write(w.u8(1)),
            None => {
                w.u8(0);
            }
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let batch = match r.u8("batch")? {
            0 => None,
            1 => Some(Batch::read(r)?),
            _ => return Err(WireError::Value("batch")),
        };
        Ok(Self { batch })
    }
}

const _: () = assert!(STREAMS_MAX * 43 + 64 < MESSAGE_LEN_MAX);
