//! The journal as outbox: what is pending for an upstream, and batches of it.

use sync_proto::engine::{Agreement, Greeted, Input, SenderConfig};
use sync_proto::envelope::SCHEMA_VERSION;
use sync_proto::wire::{Batch, Hello, HelloAnswer};
use sync_proto::{ChainHash, Role, Seq, StreamId};

use super::{Node, NodeError};
use crate::codec;
use crate::store::{Commit, Store};

/// A stream as an upstream sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Which stream.
    pub stream: StreamId,
    /// Last place held here that goes upstream in this stream.
    pub head: Seq,
    /// What the upstream acknowledged.
    pub acked: Seq,
    /// Whether this node writes it now: not a stream of another device, nor an earlier life of its own.
    pub own: bool,
}

impl Pending {
    /// What the engine is told.
    pub const fn input(&self) -> Input {
        Input::Head { stream: self.stream, head: self.head, acked: self.acked, own: self.own }
    }
}

impl<S: Store> Node<S> {
    /// Every stream held here that this node may send, with what `upstream` acknowledged of it. A till sends its own:
    /// that of the till whose place it took came from upstream, which takes it from nobody else (R38).
    pub fn outbox(&mut self, upstream: &str) -> Result<Vec<Pending>, NodeError> {
        let streams = self.store.streams()?;
        let (device, sends_others) = (self.me.device, self.me.role != Role::Terminal);
        streams
            .into_iter()
            .filter(|row| sends_others || row.id.device == device)
            .map(|row| {
                let head = self.end_of(&row.id, row.head.seq);
                let acked = self.store.ack(upstream, &row.id)?.min(head);
                Ok(Pending { stream: row.id, head, acked, own: row.id == self.own })
            })
            .collect()
    }

    /// Entries not yet acknowledged by `upstream`, and when the oldest was written (ms since 1970 UTC).
    pub fn pending(&mut self, upstream: &str) -> Result<(u64, Option<i64>), NodeError> {
        let unsent = self.unsent(upstream, None)?;
        Ok((unsent.count, unsent.oldest_at_ms))
    }

    /// When an entry that is held here was written, by its device's clock.
    pub(crate) fn written_at_ms(&mut self, stream: &StreamId, seq: Seq) -> Result<Option<i64>, NodeError> {
        let found = self.store.entries(stream, seq, 1, usize::MAX)?;
        Ok(found.first().and_then(|entry| stamp_ms(&entry.bytes)))
    }

    /// Notes how far an upstream holds a stream durably (R10); lower than before after its restore (R11).
    pub fn keep_ack(
        &mut self,
        upstream: &str,
        stream: StreamId,
        through: Seq,
        now_ms: i64,
    ) -> Result<(), NodeError> {
        let acks = vec![(upstream.to_owned(), stream, through)];
        self.commit(&Commit { at_ms: now_ms, essential: true, acks, ..Commit::default() })
    }

    /// The hello for a stream, naming the place `at`; `None` when that place is not held.
    pub fn hello(&mut self, stream: StreamId, at: Seq) -> Result<Option<Hello>, NodeError> {
        let hash = self.chain_at(stream, at)?;
        Ok(hash.map(|last_hash| Hello { stream, last: at, last_hash }))
    }

    /// What an answer to a hello says, compared with what is held here.
    pub fn greeted(&mut self, answer: &HelloAnswer) -> Result<Input, NodeError> {
        let HelloAnswer { stream, through, hash, last, last_hash, credit } = *answer;
        let agrees = Agreement::of(self.chain_at(stream, through)?, Some(hash));
        let agrees_last = Agreement::of(self.chain_at(stream, last)?, last_hash);
        Ok(Input::Greeted(Greeted { stream, through, agrees, last, agrees_last, credit }))
    }

    /// The chain here at a place that upstream named.
    pub fn chain_at(&mut self, stream: StreamId, seq: Seq) -> Result<Option<ChainHash>, NodeError> {
        if seq == Seq::NONE {
            return Ok(Some(ChainHash::genesis(&stream)));
        }
        Ok(self.store.hash_at(&stream, seq)?)
    }

    /// The next batch of a stream from `from` on; `None` when nothing is there.
    pub fn batch(
        &mut self,
        stream: StreamId,
        from: Seq,
        limits: &SenderConfig,
    ) -> Result<Option<Batch>, NodeError> {
        let mut entries =
            self.store.entries(&stream, from, limits.batch_entries_max, limits.batch_len_max)?;
        if let Some(cut) = self.cuts.get(&stream) {
            entries.retain(|entry| entry.key.seq <= *cut);
        }
        // What stands behind a hole waits until that is mended (R29): a batch has none.
        let whole = entries.iter().zip(from.0..).take_while(|(entry, seq)| entry.key.seq.0 == *seq).count();
        entries.truncate(whole);
        let before = Seq(from.0.saturating_sub(1));
        let Some(prev_hash) = self.chain_at(stream, before)? else { return Ok(None) };
        let pack = if limits.compressed { codec::pack } else { codec::frame };
        Ok(pack(&entries, prev_hash, SCHEMA_VERSION))
    }
}

/// When an entry was written, read without the rest of it.
fn stamp_ms(bytes: &[u8]) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct At {
        w: i64,
    }
    #[derive(serde::Deserialize)]
    struct Head {
        at: At,
    }
    serde_json::from_slice::<Head>(bytes).ok().map(|head| head.at.w)
}
