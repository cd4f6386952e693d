//! Compression of batch bodies.

use sync_proto::wire::{Batch, BatchError, CODEC_PLAIN, CODEC_ZSTD, frame_body};
use sync_proto::{ChainHash, Entry};

/// A body never decompresses to more than this: 500 sales of 100 lines are below it, a bomb is not.
pub const BODY_LEN_MAX: usize = 4 * 1024 * 1024;

/// zstd's level: 3 costs about a microsecond a sale and level 19 saves 4 % more.
const ZSTD_LEVEL: i32 = 3;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// A codec or dictionary that this build does not know.
    #[error("codec {codec} with dictionary {dictionary} is not known here")]
    Unknown {
        /// Codec byte.
        codec: u8,
        /// Dictionary byte.
        dictionary: u8,
    },
    /// Not zstd, or more than [`BODY_LEN_MAX`].
    #[error("the body does not decompress: {0}")]
    Zstd(#[source] std::io::Error),
    /// Frames and header disagree.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

/// A batch of `entries`, which must be contiguous and not empty; `prev_hash` is the chain before the first.
pub fn pack(entries: &[Entry], prev_hash: ChainHash, schema: u16) -> Option<Batch> {
    let (first, last) = (entries.first()?, entries.last()?);
    let framed = frame_body(entries.iter().map(|entry| entry.bytes.as_slice()));
    let (codec, body) = match zstd::bulk::compress(&framed, ZSTD_LEVEL) {
        Ok(packed) if packed.len() < framed.len() => (CODEC_ZSTD, packed),
        _ => (CODEC_PLAIN, framed),
    };
    Some(Batch {
        stream: first.key.stream,
        from: first.key.seq,
        count: u32::try_from(entries.len()).ok()?,
        prev_hash,
        last_hash: last.hash,
        codec,
        dictionary: 0,
        schema,
        body,
    })
}

/// The framed body of a batch, decompressed; read the entries with [`sync_proto::wire::unframe_body`].
pub fn unpack(batch: &Batch) -> Result<Vec<u8>, CodecError> {
    match (batch.codec, batch.dictionary) {
        (CODEC_PLAIN, 0) => Ok(batch.body.clone()),
        (CODEC_ZSTD, 0) => zstd::bulk::decompress(&batch.body, BODY_LEN_MAX).map_err(CodecError::Zstd),
        (codec, dictionary) => Err(CodecError::Unknown { codec, dictionary }),
    }
}
