//! A batch of entries of one stream (R8).

use super::WireError;
use super::reader::{Reader, Writer};
use crate::entry::{ENTRY_LEN_MAX, StreamId};
use crate::hash::ChainHash;
use crate::ids::Seq;

/// Body is frames as they are.
pub const CODEC_PLAIN: u8 = 0;
/// Body is one zstd frame of the frames.
pub const CODEC_ZSTD: u8 = 1;

/// Most entries in a batch; with small sales the byte limit comes first.
pub const BATCH_ENTRIES_MAX: usize = 1_000;

/// Header and body. The receiver verifies the chain from `prev_hash` to `last_hash` over the bodies, so
/// no per-entry hash travels (R28).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Whose entries.
    pub stream: StreamId,
    /// Place of the first.
    pub from: Seq,
    /// How many.
    pub count: u32,
    /// Chain before the first.
    pub prev_hash: ChainHash,
    /// Chain after the last.
    pub last_hash: ChainHash,
    /// Compression of the body.
    pub codec: u8,
    /// Dictionary of the compression; 0 is none.
    pub dictionary: u8,
    /// Highest schema version within.
    pub schema: u16,
    /// Framed entries, compressed as `codec` says.
    pub body: Vec<u8>,
}

/// A body that does not hold what its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Frames and count differ.
    #[error("the batch says {said} entries and holds another number")]
    Count {
        /// What the header says.
        said: u32,
    },
    /// An entry above [`ENTRY_LEN_MAX`].
    #[error("an entry of the batch is longer than {ENTRY_LEN_MAX} bytes")]
    EntryTooLong,
    /// A frame is cut off.
    #[error(transparent)]
    Wire(#[from] WireError),
}

impl Batch {
    /// Place of the last entry.
    pub const fn to(&self) -> Seq {
        Seq(self.from.0.saturating_add(self.count as u64).saturating_sub(1))
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.stream(&self.stream)
            .u64(self.from.0)
            .u32(self.count)
            .raw(&self.prev_hash.0)
            .raw(&self.last_hash.0)
            .u8(self.codec)
            .u8(self.dictionary)
            .u16(self.schema)
            .bytes(&self.body);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let batch = Self {
            stream: r.stream()?,
            from: Seq(r.u64("from")?),
            count: r.u32("count")?,
            prev_hash: r.hash("previous hash")?,
            last_hash: r.hash("last hash")?,
            codec: r.u8("codec")?,
            dictionary: r.u8("dictionary")?,
            schema: r.u16("schema")?,
            body: r.bytes("body")?.to_vec(),
        };
        let count = usize::try_from(batch.count).unwrap_or(usize::MAX);
        if batch.from == Seq::NONE || batch.from.0 > u64::MAX - BATCH_ENTRIES_MAX as u64 {
            return Err(WireError::Value("from"));
        }
        if count == 0 || count > BATCH_ENTRIES_MAX {
            return Err(WireError::Value("count"));
        }
        Ok(batch)
    }
}

/// Frames of entries, before compression.
pub fn frame_body<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut w = Writer::default();
    for bytes in entries {
        w.bytes(bytes);
    }
    w.into_bytes()
}

/// The entries of a body after decompression; exactly `count` of them.
pub fn unframe_body(mut body: &[u8], count: u32) -> Result<Vec<&[u8]>, BatchError> {
    let mut entries = Vec::with_capacity(usize::try_from(count).unwrap_or(0).min(BATCH_ENTRIES_MAX));
    while let Some((len, rest)) = body.split_first_chunk::<4>() {
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| BatchError::EntryTooLong)?;
        if len > ENTRY_LEN_MAX {
            return Err(BatchError::EntryTooLong);
        }
        let (entry, rest) = rest.split_at_checked(len).ok_or(WireError::Short("an entry"))?;
        entries.push(entry);
        if entries.len() > BATCH_ENTRIES_MAX {
            return Err(BatchError::Count { said: count });
        }
        body = rest;
    }
    if !body.is_empty() || u32::try_from(entries.len()) != Ok(count) {
        return Err(BatchError::Count { said: count });
    }
    Ok(entries)
}
