//! What two peers say to each other, byte for byte, over MQTT and HTTP alike.
//!
//! A message is a tag byte and fixed-width big-endian fields, and a seal over them; texts and bodies carry their
//! length first.
//! Every length is checked against its limit before anything is allocated.

mod audit;
mod batch;
mod check;
mod credit;
mod feed;
mod reader;
mod rebuild;
mod session;

pub use audit::{AUDIT_ENTRIES_MAX, Audit, AuditAnswer, Finding};
pub use batch::{BATCH_ENTRIES_MAX, Batch, BatchError, CODEC_PLAIN, CODEC_ZSTD, frame_body, unframe_body};
pub use check::{Check, CheckAnswer};
pub use credit::Credit;
pub use feed::{
    FEED_KEY_LEN_MAX, FeedCursor, FeedItem, News, PART_RAW_LEN, PART_RAW_LEN_MAX, PARTS_MAX, PULL_LEN_MAX,
    PartAnswer, PartAsk, Pull, PullAnswer, SnapshotHasher, SnapshotId, TIME_UNKNOWN_MS, frame_items,
    unframe_items,
};
pub use rebuild::{Fetch, Fetched, HeldStream, ListStreams, STREAMS_MAX, StreamList};
pub use session::{Hello, HelloAnswer, Outcome, Progress, ProgressAnswer, Receipt, RefusalCode};

use crate::entry::StreamId;
use crate::ids::Seq;
use reader::{Reader, Writer};

/// Largest message either way: below the 256 KiB packet limit of the broker, with room for its header.
pub const MESSAGE_LEN_MAX: usize = 240 * 1024;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Longer than [`MESSAGE_LEN_MAX`].
    #[error("a message has at most {MESSAGE_LEN_MAX} bytes, this one has {0}")]
    TooLong(usize),
    /// Ends in the middle of a field.
    #[error("the message ends in the middle of {0}")]
    Short(&'static str),
    /// Not the bytes that its sender sealed: something on the way changed them.
    #[error("the message was altered on its way")]
    Altered,
    /// Goes on after its last field.
    #[error("the message goes on after its end")]
    Trailing,
    /// The first byte names no message.
    #[error("there is no message with tag {0}")]
    Tag(u8),
    /// A field's value is not one it can have.
    #[error("{0} has a value it cannot have")]
    Value(&'static str),
}

/// From a device to the one upstream of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Before the first batch: where each side stands (R12).
    Hello(Hello),
    /// Entries (R8).
    Batch(Batch),
    /// Give me what is new in a feed (R23).
    Pull(Pull),
    /// How far did my entries get?
    Progress(Progress),
    /// Which streams of my station do you hold (R38)?
    ListStreams(ListStreams),
    /// Give me entries back.
    Fetch(Fetch),
    /// Give me a part of a snapshot (R22).
    Part(PartAsk),
    /// Do our live rows agree (R20)?
    Check(Check),
    /// Do you still hold what you acknowledged (R29)?
    Audit(Audit),
    /// Entries that an audit missed, once more.
    Mend(Batch),
}

/// From upstream back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To a hello.
    Hello(HelloAnswer),
    /// To a batch (R9).
    Receipt(Receipt),
    /// To a pull.
    Pull(PullAnswer),
    /// To a progress question.
    Progress(ProgressAnswer),
    /// To a question for streams.
    Streams(StreamList),
    /// To a question for entries.
    Fetched(Fetched),
    /// To an ask for a part.
    Part(PartAnswer),
    /// To a check.
    Check(CheckAnswer),
    /// To an audit.
    Audit(AuditAnswer),
    /// To entries that an audit missed.
    Mended(Receipt),
}

const TAG_HELLO: u8 = 1;
const TAG_BATCH: u8 = 2;
const TAG_PULL: u8 = 3;
const TAG_PROGRESS: u8 = 4;
const TAG_LIST_STREAMS: u8 = 5;
const TAG_FETCH: u8 = 6;
const TAG_PART: u8 = 0x11;
const TAG_CHECK: u8 = 0x12;
const TAG_AUDIT: u8 = 0x21;
const TAG_MEND: u8 = 0x22;
const TAG_ANSWER: u8 = 0x80;

/// What can be told of a batch without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heading {
    /// Whose entries.
    pub stream: StreamId,
    /// Place of the last.
    pub to: Seq,
    /// How many.
    pub count: u32,
}

impl Heading {
    /// Of a message that may be a batch; its seal is not looked at. `None` if it is another message, or none.
    pub fn peek(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::of_body(bytes);
        if r.u8("tag").ok()? != TAG_BATCH {
            return None;
        }
        let (stream, from, count) = (r.stream().ok()?, r.u64("from").ok()?, r.u32("count").ok()?);
        Some(Self { stream, to: Seq(from.saturating_add(count.into()).saturating_sub(1)), count })
    }
}

impl Message {
    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        match self {
            Self::Hello(hello) => hello.write(w.tag(TAG_HELLO)),
            Self::Batch(batch) => batch.write(w.tag(TAG_BATCH)),
            Self::Pull(pull) => pull.write(w.tag(TAG_PULL)),
            Self::Progress(progress) => progress.write(w.tag(TAG_PROGRESS)),
            Self::ListStreams(list) => list.write(w.tag(TAG_LIST_STREAMS)),
            Self::Fetch(fetch) => fetch.write(w.tag(TAG_FETCH)),
            Self::Part(ask) => ask.write(w.tag(TAG_PART)),
            Self::Check(check) => check.write(w.tag(TAG_CHECK)),
            Self::Audit(audit) => audit.write(w.tag(TAG_AUDIT)),
            Self::Mend(batch) => batch.write(w.tag(TAG_MEND)),
        }
        w.into_sealed()
    }

    /// Reads received bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(bytes)?;
        let message = match r.u8("tag")? {
            TAG_HELLO => Self::Hello(Hello::read(&mut r)?),
            TAG_BATCH => Self::Batch(Batch::read(&mut r)?),
            TAG_PULL => Self::Pull(Pull::read(&mut r)?),
            TAG_PROGRESS => Self::Progress(Progress::read(&mut r)?),
            TAG_LIST_STREAMS => Self::ListStreams(ListStreams::read(&mut r)?),
            TAG_FETCH => Self::Fetch(Fetch::read(&mut r)?),
            TAG_PART => Self::Part(PartAsk::read(&mut r)?),
            TAG_CHECK => Self::Check(Check::read(&mut r)?),
            TAG_AUDIT => Self::Audit(Audit::read(&mut r)?),
            TAG_MEND => Self::Mend(Batch::read(&mut r)?),
            tag => return Err(WireError::Tag(tag)),
        };
        r.end()?;
        Ok(message)
    }
}

impl Reply {
    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        match self {
            Self::Hello(answer) => answer.write(w.tag(TAG_ANSWER | TAG_HELLO)),
            Self::Receipt(receipt) => receipt.write(w.tag(TAG_ANSWER | TAG_BATCH)),
            Self::Pull(answer) => answer.write(w.tag(TAG_ANSWER | TAG_PULL)),
            Self::Progress(answer) => answer.write(w.tag(TAG_ANSWER | TAG_PROGRESS)),
            Self::Streams(list) => list.write(w.tag(TAG_ANSWER | TAG_LIST_STREAMS)),
            Self::Fetched(fetched) => fetched.write(w.tag(TAG_ANSWER | TAG_FETCH)),
            Self::Part(answer) => answer.write(w.tag(TAG_ANSWER | TAG_PART)),
            Self::Check(answer) => answer.write(w.tag(TAG_ANSWER | TAG_CHECK)),
            Self::Audit(answer) => answer.write(w.tag(TAG_ANSWER | TAG_AUDIT)),
            Self::Mended(receipt) => receipt.write(w.tag(TAG_ANSWER | TAG_MEND)),
        }
        w.into_sealed()
    }

    /// Reads received bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(bytes)?;
        let tag = r.u8("tag")?;
        let reply = match tag ^ TAG_ANSWER {
            TAG_HELLO => Self::Hello(HelloAnswer::read(&mut r)?),
            TAG_BATCH => Self::Receipt(Receipt::read(&mut r)?),
            TAG_PULL => Self::Pull(PullAnswer::read(&mut r)?),
            TAG_PROGRESS => Self::Progress(ProgressAnswer::read(&mut r)?),
            TAG_LIST_STREAMS => Self::Streams(StreamList::read(&mut r)?),
            TAG_FETCH => Self::Fetched(Fetched::read(&mut r)?),
            TAG_PART => Self::Part(PartAnswer::read(&mut r)?),
            TAG_CHECK => Self::Check(CheckAnswer::read(&mut r)?),
            TAG_AUDIT => Self::Audit(AuditAnswer::read(&mut r)?),
            TAG_MEND => Self::Mended(Receipt::read(&mut r)?),
            _ => return Err(WireError::Tag(tag)),
        };
        r.end()?;
        Ok(reply)
    }
}

#[cfg(test)]
mod tests;
