//! A disk in memory that can be full, that can end the process in a commit or right after it, that can say that
//! something is durable when it is not, and that can be copied and put back.

use std::collections::BTreeMap;

use sync::store::memory::MemoryStore;
use sync::store::{Commit, FeedHead, FeedStage, Store, StoreError, StoredEntry, StreamRow};
use sync_proto::fact::FeedScope;
use sync_proto::life::{Kept, Marker, MarkerSeen};
use sync_proto::rows::{RowChange, RowKey, TableSpec, Value};
use sync_proto::wire::FeedItem;
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, FeedVersion, Incarnation, Origin, Role, Seq, StreamId,
};

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

/// A copy of a disk.
#[derive(Debug, Clone, Default)]
pub struct Image {
    durable: MemoryStore,
    kept: Option<Kept>,
    marker: Option<Marker>,
}

/// What a lying disk has said was durable.
#[derive(Debug)]
struct Unsynced {
    base: Image,
    commits: Vec<Commit>,
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
    /// What the database says of its place (R4).
    pub kept: Option<Kept>,
    /// The marker beside it.
    marker: Option<Marker>,
    unsynced: Option<Unsynced>,
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

    /// An empty disk in its place. What this device wrote is remembered by the world, not by the disk.
    #[must_use]
    pub fn replaced_by(self, empty: Self) -> Self {
        Self { written: self.written, refused: self.refused, marker: None, ..empty }
    }

    /// Flips a bit of a stored entry behind everybody's back; what the entry was, if there is one.
    pub fn flip_entry(&mut self, drawn: u64) -> Option<Vec<u8>> {
        let count = u64::try_from(self.durable.all_entries().len()).ok()?.max(1);
        let place = usize::try_from(drawn % count).ok()?;
        let was = self.durable.all_entries().get(place)?.entry.bytes.clone();
        self.durable.flip_bit(place, drawn >> 32).then_some(was)
    }

    /// Takes an entry of another device away behind everybody's back, or changes it; false when there is none.
    pub fn lose_entry(&mut self, drawn: u64) -> bool {
        let own = |stream: StreamId| self.durable.streams_held().any(|row| row.own && row.id == stream);
        let others: Vec<EntryKey> = self
            .durable
            .all_entries()
            .iter()
            .map(|stored| stored.entry.key)
            .filter(|key| !own(key.stream))
            .collect();
        let count = u64::try_from(others.len()).unwrap_or(0).max(1);
        let Some(key) = usize::try_from(drawn % count).ok().and_then(|place| others.get(place)) else {
            return false;
        };
        if drawn >> 63 == 0 {
            self.durable.lose_behind(key);
        } else {
            self.durable.alter_behind(key, b"it was never sold");
        }
        true
    }

    /// Changes a price behind everybody's back; false when there is none.
    pub fn flip_price(&mut self, drawn: u64) -> bool {
        let prices: Vec<(RowKey, Vec<Value>)> =
            self.durable.table("prices").map(|(key, cells)| (key.clone(), cells.clone())).collect();
        let count = u64::try_from(prices.len()).unwrap_or(0);
        let at = usize::try_from(drawn % count.max(1)).unwrap_or(0);
        let Some((key, mut cells)) = prices.into_iter().nth(at) else { return false };
        let Some(Value::Int(price)) = cells.first_mut() else { return false };
        *price ^= 1 << ((drawn >> 32) % 12);
        let rows = vec![RowChange { key, cells: Some(cells) }];
        self.durable.commit(&Commit { rows, ..Commit::default() }).is_ok()
    }

    /// Whether an entry is missing or is not what its chain says, as the checks at start and at night find it.
    pub fn is_damaged(&self) -> bool {
        let mut tails: BTreeMap<StreamId, ChainHash> = BTreeMap::new();
        for row in self.durable.streams_held() {
            tails.insert(row.id, row.purged.hash);
        }
        let mut in_order: Vec<&Entry> =
            self.durable.all_entries().iter().map(|stored| &stored.entry).collect();
        in_order.sort_by_key(|entry| entry.key);
        let follows = in_order.iter().all(|Entry { key, bytes, hash }| {
            tails.insert(key.stream, *hash).is_some_and(|before| before.chain(bytes) == *hash)
        });
        !follows || self.durable.streams_held().any(|row| tails.get(&row.id) != Some(&row.head.hash))
    }

    /// A copy as it is now.
    pub fn image(&self) -> Image {
        Image { durable: self.durable.clone(), kept: self.kept.clone(), marker: self.marker }
    }

    /// Puts a copy back; the marker stands elsewhere and stays as it is, unless it is put back too.
    pub fn put_back(&mut self, image: Image, marker_too: bool) {
        self.durable = image.durable;
        self.kept = image.kept;
        if marker_too {
            self.marker = image.marker;
        }
    }

    /// From now on the disk says that a commit is durable when it is not.
    pub fn ignore_sync(&mut self) {
        self.unsynced = Some(Unsynced { base: self.image(), commits: Vec::new() });
    }

    /// What a crash does to a disk that lied: of its last commits the first `kept` are there. Says how many are not.
    pub fn lose_unsynced(&mut self, drawn: u64, marker_too: bool) -> usize {
        let Some(Unsynced { base, commits }) = self.unsynced.take() else { return 0 };
        let count = u64::try_from(commits.len()).unwrap_or(0);
        let kept = usize::try_from(drawn % count.max(1)).unwrap_or(0);
        self.put_back(base, marker_too);
        for commit in commits.iter().take(kept) {
            // They were committed on this very state once.
            let _ = self.durable.commit(commit);
        }
        if marker_too {
            self.mark();
        }
        commits.len().saturating_sub(kept)
    }

    /// The marker as a process finds it when it starts.
    pub fn marker_seen(&self) -> MarkerSeen {
        self.marker.map_or(MarkerSeen::Missing, MarkerSeen::Read)
    }

    /// The last place in the order of everything that is held.
    pub fn last_pos(&self) -> i64 {
        self.durable.all_entries().last().map_or(0, |stored| stored.pos)
    }

    /// From here on the marker follows every commit.
    pub fn begin_marker(&mut self, mark: [u8; 16], openings: u64) {
        let nothing = Marker { mark, openings, incarnation: Incarnation(mark), seq: Seq::NONE, pos: 0 };
        self.marker = Some(nothing);
        self.mark();
    }

    fn mark(&mut self) {
        let pos = self.last_pos();
        let own = self
            .durable
            .streams_held()
            .rev()
            .find(|row| row.own)
            .map(|row| (row.id.incarnation, row.head.seq));
        if let (Some(marker), Some((incarnation, seq))) = (&mut self.marker, own) {
            *marker = Marker { incarnation, seq, pos, ..*marker };
        }
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
        if let Some(unsynced) = &mut self.unsynced {
            unsynced.commits.push(commit.clone());
        }
        self.mark();
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

    fn feeds(&mut self) -> Result<Vec<(FeedScope, FeedHead)>, StoreError> {
        self.durable.feeds()
    }

    fn feed_horizon(&mut self, scope: &FeedScope) -> Result<FeedVersion, StoreError> {
        self.durable.feed_horizon(scope)
    }

    fn feed_version_at(&mut self, scope: &FeedScope, at_ms: i64) -> Result<FeedVersion, StoreError> {
        self.durable.feed_version_at(scope, at_ms)
    }

    fn feed_writer_left(&mut self, scope: &FeedScope, writer: Incarnation) -> Result<bool, StoreError> {
        self.durable.feed_writer_left(scope, writer)
    }

    fn feed_stage(&mut self, scope: &FeedScope) -> Result<Option<FeedStage>, StoreError> {
        self.durable.feed_stage(scope)
    }

    fn feed_stage_part(&mut self, scope: &FeedScope, part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.durable.feed_stage_part(scope, part)
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
