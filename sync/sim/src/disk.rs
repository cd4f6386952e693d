//! A disk in memory that can be full, and that can end the process in a commit or right after it.

use sync::store::memory::MemoryStore;
use sync::store::{Commit, FeedHead, Store, StoreError, StoredEntry, StreamRow};
use sync_proto::fact::FeedScope;
use sync_proto::rows::{RowKey, TableSpec, Value};
use sync_proto::wire::FeedItem;
use sync_proto::{ChainHash, DeviceId, Entry, FeedVersion, Origin, Role, Seq, StreamId};

use crate::breakage::Break;

/// What the next commits meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskFaults {
    /// Every commit is refused.
    pub full: bool,
    /// The process dies in its next commit.
    pub dies: Option<Dies>,
}

/// Where in a commit a process dies. A commit is wholly there or not at all; which, decides the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dies {
    /// Before its last byte is on the disk: nothing of it is there.
    Within,
    /// After it, and before anybody heard of it: all of it is there.
    After,
}

/// The store of a simulated process. What was committed survives its death; nothing else does.
#[derive(Debug, Default)]
pub struct Disk {
    /// What is durable.
    pub durable: MemoryStore,
    /// What the next commits meet.
    pub faults: DiskFaults,
    /// The process died in a commit; its caller must not be answered.
    pub died: Option<Dies>,
    /// Commits refused.
    pub refused: u64,
    /// Every entry that this device ever committed as its own, whatever became of the disk since.
    pub written: Vec<Entry>,
    /// What the disk saw that must not be.
    pub violation: Option<String>,
    device: Option<DeviceId>,
    /// It numbers the items of its feeds; others keep what they pulled.
    writes_feeds: bool,
    broken: Option<Break>,
    /// R18 broken: items whose commit comes after that of later ones.
    late: Vec<(FeedScope, FeedItem)>,
}

impl Disk {
    /// An empty disk of a device.
    pub fn of(me: &Origin, broken: Option<Break>) -> Self {
        let writes_feeds = me.role == Role::Hq;
        let broken = broken.filter(|each| match each {
            Break::R18 => writes_feeds,
            Break::R3 => me.role == Role::Terminal,
            Break::R5 | Break::R10 | Break::R13 => false,
        });
        Self { device: Some(me.device), writes_feeds, broken, ..Self::default() }
    }

    /// The disk as the next process finds it.
    #[must_use]
    pub fn reopened(mut self) -> Self {
        self.faults = DiskFaults::default();
        self.died = None;
        if self.broken == Some(Break::R3) {
            let own = self.durable.streams_held().rev().find(|row| row.own).map(|row| (row.id, row.head.seq));
            if let Some((own, head)) = own.filter(|(_, head)| head.0 > 1) {
                self.durable.forget_behind(&own, Seq(head.0 - 1));
            }
        }
        self
    }

    /// R18 as the oracle sees it: what is committed now must not stand before what could be read already.
    fn in_commit_order(&mut self, commit: &Commit) {
        for (scope, item) in commit.feed_items.iter().filter(|_| self.writes_feeds) {
            let before = self.durable.feed_head(scope).ok().flatten();
            let (Some(before), false) = (before, commit.feed_resets.contains(scope)) else { continue };
            let after = commit.feed_heads.iter().find(|(of, _)| of == scope).map(|(_, head)| head.writer);
            if item.version <= before.version && after.is_none_or(|writer| writer == before.writer) {
                self.violation = Some(format!(
                    "R18: {} became visible at {} when {} could be read already",
                    item.key, item.version.0, before.version.0
                ));
            }
        }
    }

    /// R18 broken: every other item waits for the commit after.
    fn out_of_order(&mut self, commit: &Commit) -> Commit {
        let mut changed = commit.clone();
        if self.late.is_empty() && commit.feed_items.len() == 1 {
            self.late = std::mem::take(&mut changed.feed_items);
        } else if !commit.feed_items.is_empty() {
            changed.feed_items.splice(0..0, std::mem::take(&mut self.late));
        }
        changed
    }
}

impl Store for Disk {
    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        if self.died.is_some() {
            return Err(StoreError::Refused("the simulated process is dead".to_owned()));
        }
        if self.faults.full {
            self.refused += 1;
            return Err(StoreError::Refused("the simulated disk is full".to_owned()));
        }
        self.died = self.faults.dies.take();
        if self.died == Some(Dies::Within) {
            return Err(StoreError::Refused("the simulated process died in this commit".to_owned()));
        }
        let changed = (self.broken == Some(Break::R18)).then(|| self.out_of_order(commit));
        let commit = changed.as_ref().unwrap_or(commit);
        self.in_commit_order(commit);
        self.durable.commit(commit)?;
        let own = commit.append.iter().filter(|entry| Some(entry.key.stream.device) == self.device);
        self.written.extend(own.cloned());
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

    fn scan(
        &mut self,
        table: &'static TableSpec,
        after: Option<&RowKey>,
        rows_max: usize,
    ) -> Result<Vec<(RowKey, Vec<Value>)>, StoreError> {
        self.durable.scan(table, after, rows_max)
    }
}
