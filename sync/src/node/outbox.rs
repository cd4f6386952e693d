//! The journal as outbox: what is pending for an upstream, and batches of it.

use sync_proto::engine::SenderConfig;
use sync_proto::envelope::SCHEMA_VERSION;
use sync_proto::wire::{Batch, Hello};
use sync_proto::{ChainHash, Seq, StreamId};

use super::{Node, NodeError};
use crate::codec;
use crate::store::{Commit, Store};

/// A stream as an upstream sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Which stream.
    pub stream: StreamId,
    /// Last place held here.
    pub head: Seq,
    /// What the upstream acknowledged.
    pub acked: Seq,
}

impl<S: Store> Node<S> {
    /// Every stream held here with what `upstream` acknowledged of it.
    pub fn outbox(&mut self, upstream: &str) -> Result<Vec<Pending>, NodeError> {
        let streams = self.store.streams()?;
        streams
            .into_iter()
            .map(|row| {
                let acked = self.store.ack(upstream, &row.id)?;
                Ok(Pending { stream: row.id, head: row.head.seq, acked })
            })
            .collect()
    }

    /// Entries not yet acknowledged by `upstream`, and when the oldest was stored here (ms since 1970 UTC).
    pub fn pending(&mut self, upstream: &str) -> Result<(u64, Option<i64>), NodeError> {
        let outbox = self.outbox(upstream)?;
        let count = outbox.iter().map(|each| each.head.0.saturating_sub(each.acked.0)).sum();
        let mut oldest: Option<i64> = None;
        for each in outbox.iter().filter(|each| each.head > each.acked) {
            let first = self.store.entries(&each.stream, each.acked.next(), 1, usize::MAX)?;
            let at_ms = first.first().and_then(|entry| stamp_ms(&entry.bytes));
            oldest = match (oldest, at_ms) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        Ok((count, oldest))
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

    /// The hello for a stream.
    pub fn hello(&mut self, stream: StreamId) -> Result<Option<Hello>, NodeError> {
        let row = self.store.stream(&stream)?;
        Ok(row.map(|row| Hello { stream, last: row.head.seq, last_hash: row.head.hash }))
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
        let entries = self.store.entries(&stream, from, limits.batch_entries_max, limits.batch_len_max)?;
        let before = Seq(from.0.saturating_sub(1));
        let Some(prev_hash) = self.chain_at(stream, before)? else { return Ok(None) };
        Ok(codec::pack(&entries, prev_hash, SCHEMA_VERSION))
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
