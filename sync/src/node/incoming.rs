//! A peer's message, opened: decompressed, its chain computed, its facts read. None of it needs the database, so the
//! writer's thread is spared it.

use sync_proto::engine::chain_batch;
use sync_proto::envelope::EnvelopeError;
use sync_proto::wire::{Batch, Hello, Message, Outcome, RefusalCode, WireError, unframe_body};
use sync_proto::{Decoded, Entry, Envelope};

use crate::codec;
use crate::peer::Peer;

/// What an entry's bytes say; `None` for a type that this build does not know yet.
pub(super) type ReadFact = Result<Option<Envelope>, EnvelopeError>;

/// A message of a peer, opened and ready for [`Node::answer`](super::Node::answer).
#[derive(Debug)]
pub struct Incoming {
    /// Who sent it.
    pub(super) peer: Peer,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Batch(Box<OpenBatch>),
    Other(Message),
}

/// A batch whose body was opened.
#[derive(Debug)]
pub(super) struct OpenBatch {
    /// As it came, its body still compressed: if a group of batches cannot be stored, it is opened once more.
    pub(super) batch: Batch,
    /// Its entries in order, or why there are none.
    pub(super) entries: Result<Vec<Entry>, Outcome>,
    /// What each entry says.
    pub(super) facts: Vec<ReadFact>,
}

impl Incoming {
    /// Opens a message.
    ///
    /// # Errors
    /// The bytes are no message. A batch that does not open is one: it gets its reply.
    pub fn open(peer: &Peer, bytes: &[u8]) -> Result<Self, WireError> {
        let content = match Message::decode(bytes)? {
            Message::Batch(batch) => Content::Batch(Box::new(OpenBatch::open(peer, batch))),
            other => Content::Other(other),
        };
        Ok(Self { peer: peer.clone(), content })
    }

    /// Whether it brings entries. Several that do are best answered together, see
    /// [`Node::answer_batches`](super::Node::answer_batches).
    pub const fn is_batch(&self) -> bool {
        matches!(self.content, Content::Batch(_))
    }

    /// The hello that it is.
    pub const fn hello(&self) -> Option<&Hello> {
        match &self.content {
            Content::Other(Message::Hello(hello)) => Some(hello),
            _ => None,
        }
    }

    /// Entries that it brings.
    pub fn entry_count(&self) -> usize {
        match &self.content {
            Content::Batch(open) => open.facts.len(),
            Content::Other(_) => 0,
        }
    }
}

impl OpenBatch {
    pub(super) fn open(peer: &Peer, batch: Batch) -> Self {
        // Who may not send it costs us nothing more.
        let entries = if peer.may_send(&batch.stream) {
            chained(peer, &batch)
        } else {
            refused(RefusalCode::Forbidden)
        };
        let facts = entries.iter().flatten().map(|entry| read_fact(&entry.bytes)).collect();
        Self { batch, entries, facts }
    }
}

const fn refused<T>(code: RefusalCode) -> Result<T, Outcome> {
    Err(Outcome::Refused { code })
}

pub(super) fn chained(peer: &Peer, batch: &Batch) -> Result<Vec<Entry>, Outcome> {
    let body = match codec::unpack(batch) {
        Ok(body) => body,
        Err(why) => {
            tracing::warn!(%why, ?peer, "a batch does not unpack");
            if codec::says_too_long(batch) {
                let len_max = u32::try_from(codec::BODY_LEN_MAX).unwrap_or(u32::MAX);
                return Err(Outcome::TooLarge { len_max });
            }
            return refused(RefusalCode::Malformed);
        }
    };
    let Ok(payloads) = unframe_body(&body, batch.count) else { return refused(RefusalCode::Malformed) };
    chain_batch(batch, &payloads).or_else(refused)
}

/// Reads what an entry says.
pub(super) fn read_fact(bytes: &[u8]) -> ReadFact {
    match Envelope::decode(bytes)? {
        Decoded::Known(envelope) => Ok(Some(*envelope)),
        Decoded::Unknown { .. } => Ok(None),
    }
}
