//! Taking over the verified entries of a database that was set aside.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_proto::engine::receiver::Head;
use sync_proto::project::Projection;
use sync_proto::rows::{RowChange, Table as _};
use sync_proto::{Entry, Incarnation, Origin, Seq, StreamId};

use super::{Node, NodeError, StreamCut};
use crate::store::{Commit, Store, StreamRow};

/// Entries taken over in one commit.
const STEP_ENTRIES: usize = 500;

impl<S: Store> Node<S> {
    /// A node that writes no journal yet: what was set aside comes before a new life, so that this can cite it.
    pub(crate) fn unopened(store: S, projection: Arc<dyn Projection>, me: Origin) -> Self {
        let own = StreamId { device: me.device, incarnation: Incarnation([0; 16]) };
        let feeds = super::feed::FeedState::default();
        Self { store, projection, me, own, cuts: BTreeMap::new(), commits: 0, feeds }
    }

    /// The store of a node that was never opened.
    pub(crate) fn into_store(self) -> S {
        self.store
    }

    /// Takes over `entries`, which follow from `base` and from each other: as a stream, or as what its stream here does
    /// not have yet. What stands behind a cut counts in the life that it was carried into, not here. Returns how many
    /// were new.
    pub(crate) fn adopt(
        &mut self,
        stream: &StreamRow,
        base: Head,
        entries: &[Entry],
        cut: Option<StreamCut>,
        now_ms: i64,
    ) -> Result<u64, NodeError> {
        let known = self.store.stream(&stream.id)?;
        let head = known.as_ref().map_or(base, |row| row.head);
        let new: Vec<&Entry> = entries.iter().filter(|entry| entry.key.seq > head.seq).collect();
        let continues = new.first().is_none_or(|first| {
            first.key.seq == head.seq.next() && first.hash == head.hash.chain(&first.bytes)
        });
        if !continues {
            tracing::warn!(stream = ?stream.id, "what was set aside does not continue what is here");
            return Ok(0);
        }
        let mut row = (known.is_none()).then(|| StreamRow { head: base, purged: base, ..stream.clone() });
        let end = cut.as_ref().map_or(Seq(u64::MAX), |cut| Seq(u64::try_from(cut.through).unwrap_or(0)));
        let mut cut = cut.map(|cut| RowChange { key: cut.row_key(), cells: Some(cut.into_cells()) });
        for step in new.chunks(STEP_ENTRIES) {
            let mut commit = Commit { at_ms: now_ms, ..Commit::default() };
            commit.streams.extend(row.take());
            commit.rows.extend(cut.take());
            let step = step.iter().map(|entry| (*entry).clone()).collect();
            let commit = self.taken_over(commit, &stream.origin, step, |seq| seq <= end)?;
            self.commit(&commit)?;
        }
        Ok(u64::try_from(new.len()).unwrap_or(u64::MAX))
    }

    /// Takes over how far an upstream held a stream, as far as it is here.
    pub(crate) fn adopt_ack(
        &mut self,
        upstream: &str,
        stream: StreamId,
        through: Seq,
        now_ms: i64,
    ) -> Result<(), NodeError> {
        let Some(row) = self.store.stream(&stream)? else { return Ok(()) };
        let through = through.min(row.head.seq);
        if through > self.store.ack(upstream, &stream)? {
            self.keep_ack(upstream, stream, through, now_ms)?;
        }
        Ok(())
    }
}
