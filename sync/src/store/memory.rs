//! The store in memory, for the simulator and for tests that need no disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use sync_proto::engine::receiver::Head;
use sync_proto::fact::FeedScope;
use sync_proto::rows::{RowKey, TableRef, TableSpec, Value};
use sync_proto::wire::FeedItem;
use sync_proto::{ChainHash, Entry, EntryKey, FeedVersion, Incarnation, Seq, StreamId};

use super::{Commit, FeedHead, FeedStage, StageChange, Store, StoreError, StoredEntry, StreamRow};

/// Everything in maps. Cloning it is a snapshot of the whole disk.
#[derive(Debug, Default, Clone)]
pub struct MemoryStore {
    streams: Vec<StreamRow>,
    /// By place, which only grows.
    entries: Vec<StoredEntry>,
    pos_last: i64,
    by_key: BTreeMap<EntryKey, i64>,
    rows: BTreeMap<RowKey, Vec<Value>>,
    acks: BTreeMap<(String, StreamId), Seq>,
    feed_heads: BTreeMap<FeedScope, FeedHead>,
    feed_items: BTreeMap<(FeedScope, String), (FeedItem, i64)>,
    feed_horizons: BTreeMap<FeedScope, FeedVersion>,
    feed_writers_left: BTreeSet<(FeedScope, Incarnation)>,
    feed_stages: BTreeMap<FeedScope, (FeedStage, Vec<Vec<u8>>)>,
    cursors: BTreeMap<String, i64>,
    forks: Vec<Entry>,
    mended: Vec<Entry>,
}

impl MemoryStore {
    /// Every row of a table, in key order, for oracles and tests.
    pub fn table(&self, name: &str) -> impl Iterator<Item = (&RowKey, &Vec<Value>)> {
        let name = name.to_owned();
        self.rows.iter().filter(move |(key, _)| key.table.0.name == name)
    }

    /// Every entry in the order it was stored.
    pub fn all_entries(&self) -> &[StoredEntry] {
        &self.entries
    }

    /// Every stream, in the order they were first seen, without a copy.
    pub fn streams_held(&self) -> impl DoubleEndedIterator<Item = &StreamRow> {
        self.streams.iter()
    }

    /// Takes the end of a stream away behind everybody's back, as a disk that loses it would.
    pub fn forget_behind(&mut self, id: &StreamId, last: Seq) {
        self.entries.retain(|stored| stored.entry.key.stream != *id || stored.entry.key.seq <= last);
        self.by_key.retain(|key, _| key.stream != *id || key.seq <= last);
        let hash = self.by_key.get(&EntryKey { stream: *id, seq: last }).and_then(|pos| self.at(*pos));
        let hash = hash.map_or_else(|| ChainHash::genesis(id), |stored| stored.entry.hash);
        if let Some(row) = self.stream_mut(id) {
            row.head.seq = last;
            row.head.hash = hash;
        }
    }

    /// Flips a bit of the entry at `place` behind everybody's back, as a disk that fails would; false when there is none.
    pub fn flip_bit(&mut self, place: usize, bit: u64) -> bool {
        let Some(bytes) = self.entries.get_mut(place).map(|stored| &mut stored.entry.bytes) else {
            return false;
        };
        let len = u64::try_from(bytes.len()).unwrap_or(0).max(1);
        let byte = usize::try_from((bit >> 3) % len).ok().and_then(|at| bytes.get_mut(at));
        byte.map(|byte| *byte ^= 1 << (bit % 8)).is_some()
    }

    /// Entries that contradicted stored ones.
    pub fn forks(&self) -> &[Entry] {
        &self.forks
    }

    fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut heads: BTreeMap<StreamId, (Seq, ChainHash)> =
            self.streams.iter().map(|row| (row.id, (row.head.seq, row.head.hash))).collect();
        heads.extend(commit.streams.iter().map(|row| (row.id, (row.head.seq, row.head.hash))));
        for entry in &commit.append {
            let stream = entry.key.stream;
            let (seq, hash) = heads.get(&stream).copied().unwrap_or((Seq::NONE, ChainHash::genesis(&stream)));
            if entry.key.seq != seq.next()
                || entry.hash != hash.chain(&entry.bytes)
                || !heads.contains_key(&stream)
            {
                return Err(StoreError::Conflict { stream, head: seq });
            }
            heads.insert(stream, (entry.key.seq, entry.hash));
        }
        let unknown =
            commit.mend.iter().map(|entry| entry.key.stream).find(|stream| !heads.contains_key(stream));
        unknown.map_or(Ok(()), |stream| Err(StoreError::Conflict { stream, head: Seq::NONE }))
    }

    fn at(&self, pos: i64) -> Option<&StoredEntry> {
        let index = self.entries.binary_search_by_key(&pos, |stored| stored.pos).ok()?;
        self.entries.get(index)
    }

    fn write_feeds(&mut self, commit: &Commit) {
        for scope in &commit.feed_resets {
            self.feed_items.retain(|(of, _), _| of != scope);
        }
        for (scope, item) in &commit.feed_items {
            self.feed_items.insert((scope.clone(), item.key.clone()), (item.clone(), commit.at_ms));
        }
        self.feed_heads.extend(commit.feed_heads.iter().cloned());
        for (scope, horizon) in &commit.feed_horizons {
            self.feed_items
                .retain(|(of, _), (item, _)| of != scope || item.version > *horizon || !item.is_tombstone());
            self.feed_horizons.insert(scope.clone(), *horizon);
        }
        self.feed_writers_left.extend(commit.feed_writers_left.iter().cloned());
        for (scope, change) in &commit.feed_stages {
            match change {
                StageChange::Begin(stage) => {
                    self.feed_stages.insert(scope.clone(), (FeedStage { have: 0, ..*stage }, Vec::new()));
                }
                StageChange::Part { part, bytes } => {
                    if let Some((stage, parts)) = self.feed_stages.get_mut(scope)
                        && stage.have == *part
                    {
                        stage.have = stage.have.saturating_add(1);
                        parts.push(bytes.clone());
                    }
                }
                StageChange::End => {
                    self.feed_stages.remove(scope);
                }
            }
        }
    }

    fn stream_mut(&mut self, id: &StreamId) -> Option<&mut StreamRow> {
        self.streams.iter_mut().find(|row| row.id == *id)
    }

    /// Puts an entry back where it stood: at its old place, or if that is not known, in a free one between its neighbours.
    fn mend(&mut self, at_ms: i64, entry: &Entry) {
        let Some(origin) =
            self.streams.iter().find(|row| row.id == entry.key.stream).map(|row| row.origin.clone())
        else {
            return;
        };
        if let Some(pos) = self.by_key.get(&entry.key)
            && let Ok(index) = self.entries.binary_search_by_key(pos, |stored| stored.pos)
            && let Some(stored) = self.entries.get_mut(index)
        {
            if stored.entry != *entry {
                self.mended.push(std::mem::replace(&mut stored.entry, entry.clone()));
            }
            return;
        }
        let pos = self.free_place(&entry.key);
        self.pos_last = self.pos_last.max(pos);
        self.by_key.insert(entry.key, pos);
        let index = self.entries.partition_point(|stored| stored.pos < pos);
        self.entries.insert(index, StoredEntry { pos, received_at_ms: at_ms, origin, entry: entry.clone() });
    }

    /// The first free place behind the entry before, or a new one at the end.
    fn free_place(&self, key: &EntryKey) -> i64 {
        let at_end = self.pos_last.saturating_add(1);
        let first = EntryKey { stream: key.stream, seq: Seq::NONE };
        let last = EntryKey { stream: key.stream, seq: Seq(u64::MAX) };
        let after =
            self.by_key.range((Bound::Excluded(*key), Bound::Included(last))).next().map(|(_, pos)| *pos);
        let before = self.by_key.range(first..*key).next_back().map_or(0, |(_, pos)| *pos);
        let free = (before.saturating_add(1)..after.unwrap_or(at_end)).find(|pos| self.at(*pos).is_none());
        free.unwrap_or(at_end)
    }

    /// Takes one entry away behind everybody's back, as an intruder or a broken page would.
    pub fn lose_behind(&mut self, key: &EntryKey) {
        if let Some(pos) = self.by_key.remove(key) {
            self.entries.retain(|stored| stored.pos != pos);
        }
    }

    /// Changes the bytes of one entry behind everybody's back.
    pub fn alter_behind(&mut self, key: &EntryKey, bytes: &[u8]) {
        let pos = self.by_key.get(key).copied();
        if let Some(stored) = self.entries.iter_mut().find(|stored| Some(stored.pos) == pos) {
            stored.entry.bytes = bytes.to_vec();
        }
    }

    /// What stood where entries were put back.
    pub fn mended(&self) -> &[Entry] {
        &self.mended
    }

    fn append(&mut self, at_ms: i64, entry: &Entry) {
        let Some(row) = self.stream_mut(&entry.key.stream) else { return };
        row.head.seq = entry.key.seq;
        row.head.hash = entry.hash;
        let origin = row.origin.clone();
        let pos = self.pos_last.saturating_add(1);
        self.pos_last = pos;
        self.by_key.insert(entry.key, pos);
        self.entries.push(StoredEntry { pos, received_at_ms: at_ms, origin, entry: entry.clone() });
    }
}

impl Store for MemoryStore {
    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        self.check(commit)?;
        for row in &commit.streams {
            if self.stream_mut(&row.id).is_none() {
                self.streams.push(row.clone());
            }
        }
        for entry in &commit.append {
            self.append(commit.at_ms, entry);
        }
        for change in &commit.rows {
            match &change.cells {
                Some(cells) => self.rows.insert(change.key.clone(), cells.clone()),
                None => self.rows.remove(&change.key),
            };
        }
        for (upstream, stream, through) in &commit.acks {
            self.acks.insert((upstream.clone(), *stream), *through);
        }
        for entry in &commit.mend {
            self.mend(commit.at_ms, entry);
        }
        self.write_feeds(commit);
        self.cursors.extend(commit.cursors.iter().cloned());
        for fork in &commit.forks {
            if !self.forks.contains(fork) {
                self.forks.push(fork.clone());
            }
        }
        Ok(())
    }

    fn stream(&mut self, id: &StreamId) -> Result<Option<StreamRow>, StoreError> {
        Ok(self.streams.iter().find(|row| row.id == *id).cloned())
    }

    fn streams(&mut self) -> Result<Vec<StreamRow>, StoreError> {
        Ok(self.streams.clone())
    }

    fn hash_at(&mut self, id: &StreamId, seq: Seq) -> Result<Option<ChainHash>, StoreError> {
        let purged = self.streams.iter().find(|row| row.id == *id).map(|row| row.purged);
        if let Some(purged) = purged.filter(|purged| purged.seq == seq && seq != Seq::NONE) {
            return Ok(Some(purged.hash));
        }
        let pos = self.by_key.get(&EntryKey { stream: *id, seq });
        Ok(pos.and_then(|pos| self.at(*pos)).map(|stored| stored.entry.hash))
    }

    fn entries(
        &mut self,
        id: &StreamId,
        from: Seq,
        entries_max: u32,
        len_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut len = 0usize;
        let mut found = Vec::new();
        if self.streams.iter().any(|row| row.id == *id && from <= row.purged.seq) {
            return Ok(found);
        }
        let start = EntryKey { stream: *id, seq: from };
        let end = EntryKey { stream: *id, seq: Seq(u64::MAX) };
        for pos in self.by_key.range(start..=end).map(|(_, pos)| *pos) {
            let Some(stored) = self.at(pos) else { continue };
            len = len.saturating_add(stored.entry.bytes.len());
            if u32::try_from(found.len()).is_ok_and(|n| n >= entries_max)
                || (len > len_max && !found.is_empty())
            {
                break;
            }
            found.push(stored.entry.clone());
        }
        Ok(found)
    }

    fn entries_after(&mut self, pos: i64, entries_max: u32) -> Result<Vec<StoredEntry>, StoreError> {
        let skip = self.entries.partition_point(|stored| stored.pos <= pos);
        let take = usize::try_from(entries_max).unwrap_or(usize::MAX);
        Ok(self.entries.iter().skip(skip).take(take).cloned().collect())
    }

    fn rows(&mut self, keys: &[RowKey]) -> Result<Vec<Option<Vec<Value>>>, StoreError> {
        Ok(keys.iter().map(|key| self.rows.get(key).cloned()).collect())
    }

    fn ack(&mut self, upstream: &str, id: &StreamId) -> Result<Seq, StoreError> {
        Ok(self.acks.get(&(upstream.to_owned(), *id)).copied().unwrap_or_default())
    }

    fn feed_head(&mut self, scope: &FeedScope) -> Result<Option<FeedHead>, StoreError> {
        Ok(self.feed_heads.get(scope).copied())
    }

    fn feed_items(
        &mut self,
        scope: &FeedScope,
        after: FeedVersion,
        len_max: usize,
    ) -> Result<(Vec<FeedItem>, bool), StoreError> {
        let mut items: Vec<FeedItem> = self
            .feed_items
            .iter()
            .filter(|((of, _), (item, _))| of == scope && item.version > after)
            .map(|(_, (item, _))| item.clone())
            .collect();
        items.sort_by_key(|item| item.version);
        let kept = within(&items, len_max);
        let more = kept < items.len();
        items.truncate(kept);
        Ok((items, more))
    }

    fn feeds(&mut self) -> Result<Vec<(FeedScope, FeedHead)>, StoreError> {
        Ok(self.feed_heads.iter().map(|(scope, head)| (scope.clone(), *head)).collect())
    }

    fn feed_horizon(&mut self, scope: &FeedScope) -> Result<FeedVersion, StoreError> {
        Ok(self.feed_horizons.get(scope).copied().unwrap_or_default())
    }

    fn feed_version_at(&mut self, scope: &FeedScope, at_ms: i64) -> Result<FeedVersion, StoreError> {
        let old = self.feed_items.iter().filter(|((of, _), (_, stored))| of == scope && *stored <= at_ms);
        Ok(old.map(|(_, (item, _))| item.version).max().unwrap_or_default())
    }

    fn feed_writer_left(&mut self, scope: &FeedScope, writer: Incarnation) -> Result<bool, StoreError> {
        Ok(self.feed_writers_left.contains(&(scope.clone(), writer)))
    }

    fn feed_stage(&mut self, scope: &FeedScope) -> Result<Option<FeedStage>, StoreError> {
        Ok(self.feed_stages.get(scope).map(|(stage, _)| *stage))
    }

    fn feed_stage_part(&mut self, scope: &FeedScope, part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let at = usize::try_from(part).unwrap_or(usize::MAX);
        Ok(self.feed_stages.get(scope).and_then(|(_, parts)| parts.get(at).cloned()))
    }

    fn cursor(&mut self, name: &str) -> Result<i64, StoreError> {
        Ok(self.cursors.get(name).copied().unwrap_or(0))
    }

    fn purge(&mut self, id: &StreamId, through: Seq) -> Result<u64, StoreError> {
        let Some(row) = self.stream_mut(id) else { return Ok(0) };
        let through = through.min(Seq(row.head.seq.0.saturating_sub(1)));
        if through <= row.purged.seq {
            return Ok(0);
        }
        let Some(hash) = self.hash_at(id, through)? else { return Ok(0) };
        if let Some(row) = self.stream_mut(id) {
            row.purged = Head { seq: through, hash };
        }
        let before = self.entries.len();
        let gone = |key: &EntryKey| key.stream == *id && key.seq <= through;
        self.entries.retain(|stored| !gone(&stored.entry.key));
        self.by_key.retain(|key, _| !gone(key));
        Ok(u64::try_from(before.saturating_sub(self.entries.len())).unwrap_or(u64::MAX))
    }

    fn scan(
        &mut self,
        table: &'static TableSpec,
        after: Option<&RowKey>,
        rows_max: usize,
    ) -> Result<Vec<(RowKey, Vec<Value>)>, StoreError> {
        let first = RowKey { table: TableRef(table), key: Vec::new() };
        let from = after.map_or(Bound::Included(&first), Bound::Excluded);
        let rows = self.rows.range((from, Bound::Unbounded)).take_while(|(key, _)| key.table == first.table);
        Ok(rows.take(rows_max).map(|(key, cells)| (key.clone(), cells.clone())).collect())
    }
}

/// How many items from the front fit into `len_max` bytes; at least one if there is one.
pub fn within(items: &[FeedItem], len_max: usize) -> usize {
    let mut len = 0usize;
    let fitting = items
        .iter()
        .take_while(|item| {
            len = len.saturating_add(item.wire_len());
            len <= len_max
        })
        .count();
    fitting.max(1).min(items.len())
}
