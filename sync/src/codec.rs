//! Compression of batch bodies: zstd with a dictionary of what sales look like, so that a single sale shrinks as well.
//!
//! A batch names its dictionary. Every dictionary that was ever sent with stays here, so whoever receives is upgraded
//! before those who send: head office, then agents, then tills.

use std::cell::RefCell;
use std::sync::LazyLock;

use sync_proto::wire::{Batch, BatchError, CODEC_PLAIN, CODEC_ZSTD, frame_body};
use sync_proto::{ChainHash, Entry};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// A body never decompresses to more than this: 500 sales of 100 lines are below it, a bomb is not.
pub const BODY_LEN_MAX: usize = 4 * 1024 * 1024;

/// The dictionary that bodies are compressed with; 0 is none.
const DICTIONARY: u8 = 1;

/// Dictionary 1. How it was made is told beside it.
const DICTIONARY_1: &[u8] = include_bytes!("../dictionaries/1.zdict");

/// Up to this a body is what a station sends from day to day, about a hundred sales, and bytes count; a longer one is a
/// backlog, and time counts.
const SHORT_LEN_MAX: usize = 48 * 1024;

/// Level of short bodies: a fifth smaller than level 3, for thirty microseconds a sale.
const SHORT_LEVEL: i32 = 15;

/// Level of long bodies: about two microseconds a sale.
const LONG_LEVEL: i32 = 3;

static SHORT_1: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, SHORT_LEVEL));
static LONG_1: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, LONG_LEVEL));
static OPEN_1: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1));

thread_local! {
    // zstd's working memory, kept by each thread that packs or opens: making it costs more than using it.
    static SHORT: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static LONG: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static OPEN: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

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
    let batch = frame(entries, prev_hash, schema)?;
    Some(match compress(&batch.body) {
        Ok(body) if body.len() < batch.body.len() => {
            Batch { codec: CODEC_ZSTD, dictionary: DICTIONARY, body, ..batch }
        }
        _ => batch,
    })
}

/// The same as it is, without compression.
pub fn frame(entries: &[Entry], prev_hash: ChainHash, schema: u16) -> Option<Batch> {
    let (first, last) = (entries.first()?, entries.last()?);
    let body = frame_body(entries.iter().map(|entry| entry.bytes.as_slice()));
    Some(Batch {
        stream: first.key.stream,
        from: first.key.seq,
        count: u32::try_from(entries.len()).ok()?,
        prev_hash,
        last_hash: last.hash,
        codec: CODEC_PLAIN,
        dictionary: 0,
        schema,
        body,
    })
}

/// Bytes with the codec that they are packed in; left as they are when packing gains nothing.
pub fn pack_bytes(bytes: &[u8]) -> (u8, Vec<u8>) {
    match zstd::bulk::compress(bytes, LONG_LEVEL) {
        Ok(packed) if packed.len() < bytes.len() => (CODEC_ZSTD, packed),
        _ => (CODEC_PLAIN, bytes.to_vec()),
    }
}

/// The bytes again, `len_max` of them at most.
pub fn unpack_bytes(codec: u8, packed: &[u8], len_max: usize) -> Result<Vec<u8>, CodecError> {
    match codec {
        CODEC_PLAIN => Ok(packed.to_vec()),
        CODEC_ZSTD => zstd::bulk::decompress(packed, len_max).map_err(CodecError::Zstd),
        codec => Err(CodecError::Unknown { codec, dictionary: 0 }),
    }
}

/// The framed body of a batch, decompressed; read the entries with [`sync_proto::wire::unframe_body`].
pub fn unpack(batch: &Batch) -> Result<Vec<u8>, CodecError> {
    match (batch.codec, batch.dictionary) {
        (CODEC_PLAIN, 0) => Ok(batch.body.clone()),
        (CODEC_ZSTD, 0) => {
            zstd::bulk::decompress(&batch.body, said_len(&batch.body)).map_err(CodecError::Zstd)
        }
        (CODEC_ZSTD, 1) => decompress(&batch.body).map_err(CodecError::Zstd),
        (codec, dictionary) => Err(CodecError::Unknown { codec, dictionary }),
    }
}

/// Whether a body, which was not unpacked, says of itself that it is longer than is taken.
pub fn says_too_long(batch: &Batch) -> bool {
    let said = zstd::zstd_safe::get_frame_content_size(&batch.body).ok().flatten();
    batch.codec == CODEC_ZSTD && said.is_some_and(|len| len > BODY_LEN_MAX as u64)
}

fn compress(framed: &[u8]) -> std::io::Result<Vec<u8>> {
    let (context, dictionary) =
        if framed.len() <= SHORT_LEN_MAX { (&SHORT, &SHORT_1) } else { (&LONG, &LONG_1) };
    context.with_borrow_mut(|context| match context {
        Some(context) => context.compress(framed),
        None => context.insert(Compressor::with_prepared_dictionary(dictionary)?).compress(framed),
    })
}

fn decompress(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let len = said_len(body);
    OPEN.with_borrow_mut(|context| match context {
        Some(context) => context.decompress(body, len),
        None => context.insert(Decompressor::with_prepared_dictionary(&OPEN_1)?).decompress(body, len),
    })
}

/// How long the frame says that it will be, within the limit: room is made for no more than that.
fn said_len(body: &[u8]) -> usize {
    let said = zstd::zstd_safe::get_frame_content_size(body).ok().flatten();
    said.and_then(|len| usize::try_from(len).ok()).map_or(BODY_LEN_MAX, |len| len.min(BODY_LEN_MAX))
}

#[cfg(test)]
mod tests {
    use sync_proto::wire::unframe_body;
    use sync_proto::{DeviceId, EntryKey, Incarnation, Seq, StreamId};

    use super::*;

    fn entries(count: u64) -> (Vec<Entry>, ChainHash) {
        let stream = StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) };
        let genesis = ChainHash::genesis(&stream);
        let mut hash = genesis;
        let entry = |seq: u64| {
            let bytes = format!(
                r#"{{"v":1,"at":{{"w":{},"m":{seq}7,"b":3}},"day":"2026-11-23","t":"Sold","d":{{"sale":"ST0001-01-K7Q2M-{seq:06}"}}}}"#,
                1_795_500_000_000u64 + seq * 31_337
            )
            .into_bytes();
            hash = hash.chain(&bytes);
            Entry { key: EntryKey { stream, seq: Seq(seq) }, bytes, hash }
        };
        ((1..=count).map(entry).collect(), genesis)
    }

    #[test]
    fn r8_what_is_packed_opens_to_the_same_bytes_whatever_its_length() {
        for count in [1, 2, 100, 500, 1_000] {
            let (entries, genesis) = entries(count);
            let batch = pack(&entries, genesis, 1).unwrap();
            assert_eq!((batch.codec, batch.dictionary), (CODEC_ZSTD, 1));
            let body = unpack(&batch).unwrap();
            let opened: Vec<Vec<u8>> =
                unframe_body(&body, batch.count).unwrap().into_iter().map(<[u8]>::to_vec).collect();
            assert_eq!(opened, entries.into_iter().map(|entry| entry.bytes).collect::<Vec<_>>());
        }
    }

    #[test]
    fn r34_bodies_without_a_dictionary_are_read_and_unknown_ones_are_refused() {
        let (entries, genesis) = entries(20);
        let mut batch = pack(&entries, genesis, 1).unwrap();
        let framed = unpack(&batch).unwrap();
        batch.dictionary = 0;
        batch.body = zstd::bulk::compress(&framed, 3).unwrap();
        assert_eq!(unpack(&batch).unwrap(), framed);
        batch.dictionary = 9;
        assert!(matches!(unpack(&batch), Err(CodecError::Unknown { codec: CODEC_ZSTD, dictionary: 9 })));
    }

    #[test]
    fn a_bomb_is_refused_whatever_its_frame_says() {
        let (entries, genesis) = entries(1);
        let mut batch = pack(&entries, genesis, 1).unwrap();
        batch.dictionary = 0;
        batch.body = zstd::bulk::compress(&vec![0; BODY_LEN_MAX + 1], 19).unwrap();
        assert!(matches!(unpack(&batch), Err(CodecError::Zstd(_))));
        batch.body.truncate(5);
        assert!(matches!(unpack(&batch), Err(CodecError::Zstd(_))));
    }
}
