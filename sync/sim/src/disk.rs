//! A disk in memory that can be full, and that can end the process right after a commit.

use sync::store::memory::MemoryStore;
use sync::store::{Commit, FeedHead, Quarantined, Store, StoreError, StoredEntry, StreamRow};
use sync_proto::fact::FeedScope;
use sync_proto::rows::{RowKey, Value};
use sync_proto::wire::FeedItem;
use sync_proto::{ChainHash, Entry, FeedVersion, Seq, StreamId};

/// What the next commits meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskFaults {
    /// Every commit is refused.
    pub full: bool,
    /// The next commit succeeds and the process dies before anybody hears of it.
    pub die_after_commit: bool,
}

/// The store of a simulated process. What was committed survives its death; nothing else does.
#[derive(Debug, Default)]
pub struct Disk {
    /// What is durable.
    pub durable: MemoryStore,
    /// What the next commits meet.
    pub faults: DiskFaults,
    /// The process died in a commit; its caller must not be answered.
    pub died: bool,
    /// Commits refused.
    pub refused: u64,
}

impl Disk {
    /// The disk as the next process finds it.
    pub fn reopened(self) -> Self {
        Self { durable: self.durable, faults: DiskFaults::default(), died: false, refused: self.refused }
    }
}

impl Store for Disk {
    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        if self.faults.full {
            self.refused += 1;
            return Err(StoreError::Refused("the simulated disk is full".to_owned()));
        }
        self.durable.commit(commit)?;
        if std::mem::take(&mut self.faults.die_after_commit) {
            self.died = true;
        }
        Ok(())
    }

    fn stream(&mut self, id: &StreamId) -> Result<Option<StreamRow>, StoreError> {
        self.durable.stream(id)
    }

    fn streams(&mut self) -> Result<Vec<StreamRow>, StoreError> {
        self.durable.streams()
    }

    fn hash_at(&mut self, id: &StreamId, seq: Seq) -> Result<Option<ChainHash>, StoreError> {
        self.durable.hash_at(id, seq)
    }

    fn entries(
        &mut self,
        id: &StreamId,
        from: Seq,
        entries_max: u32,
        len_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.durable.entries(id, from, entries_max, len_max)
    }

    fn entries_after(&mut self, pos: i64, entries_max: u32) -> Result<Vec<StoredEntry>, StoreError> {
        self.durable.entries_after(pos, entries_max)
    }

    fn rows(&mut self, keys: &[RowKey]) -> Result<Vec<Option<Vec<Value>>>, StoreError> {
        self.durable.rows(keys)
    }

    fn ack(&mut self, upstream: &str, id: &StreamId) -> Result<Seq, StoreError> {
        self.durable.ack(upstream, id)
    }

    fn feed_head(&mut self, scope: &FeedScope) -> Result<Option<FeedHead>, StoreError> {
        self.durable.feed_head(scope)
    }

    fn feed_items(
        &mut self,
        scope: &FeedScope,
        after: FeedVersion,
        len_max: usize,
    ) -> Result<(Vec<FeedItem>, bool), StoreError> {
        self.durable.feed_items(scope, after, len_max)
    }

    fn cursor(&mut self, name: &str) -> Result<i64, StoreError> {
        self.durable.cursor(name)
    }

    fn purge(&mut self, id: &StreamId, through: Seq) -> Result<u64, StoreError> {
        self.durable.purge(id, through)
    }

    fn quarantined(&mut self) -> Result<Vec<Quarantined>, StoreError> {
        self.durable.quarantined()
    }
}
