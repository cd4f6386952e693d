//! Snapshots as they are served: built once from the items, the same wherever those items are, and kept for those who
//! fetch them next.

use std::sync::Arc;

use sync_proto::FeedVersion;
use sync_proto::fact::FeedScope;
use sync_proto::wire::{
    FeedItem, PART_RAW_LEN, PARTS_MAX, PULL_LEN_MAX, SnapshotHasher, SnapshotId, frame_items,
};

use super::super::{Node, NodeError};
use crate::codec;
use crate::store::{FeedHead, Store, StoreError};

/// Packed snapshots kept at most: thirty of 20,000 products, more than versions that are fetched at the same time.
/// The one just built is always kept.
const SHELF_LEN_MAX: usize = 32 * 1024 * 1024;

/// A snapshot, packed.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) id: SnapshotId,
    scope: FeedScope,
    base: Option<FeedVersion>,
    reached: FeedHead,
    parts: Vec<(u8, Vec<u8>)>,
}

impl Built {
    pub(super) fn parts_len(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn part(&self, part: u32) -> Option<(u8, Vec<u8>)> {
        self.parts.get(usize::try_from(part).ok()?).cloned()
    }

    fn len(&self) -> usize {
        self.parts.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

/// The snapshots in memory, the one used last at the end.
#[derive(Debug, Default)]
pub(super) struct Shelf(Vec<Arc<Built>>);

impl Shelf {
    pub(super) fn find(&mut self, id: SnapshotId) -> Option<Arc<Built>> {
        self.take(|built| built.id == id)
    }

    fn of(&mut self, scope: &FeedScope, base: Option<FeedVersion>, reached: FeedHead) -> Option<Arc<Built>> {
        self.take(|built| built.scope == *scope && built.base == base && built.reached == reached)
    }

    fn take(&mut self, wanted: impl Fn(&Built) -> bool) -> Option<Arc<Built>> {
        let at = self.0.iter().position(|built| wanted(built))?;
        let built = self.0.remove(at);
        self.0.push(Arc::clone(&built));
        Some(built)
    }

    fn put(&mut self, built: Arc<Built>) {
        self.0.push(built);
        while self.0.len() > 1 && self.0.iter().map(|built| built.len()).sum::<usize>() > SHELF_LEN_MAX {
            self.0.remove(0);
        }
    }
}

impl<S: Store> Node<S> {
    /// The snapshot of what is live in `scope` at `head`, or of what changed since `base`.
    pub(super) fn snapshot(
        &mut self,
        scope: &FeedScope,
        base: Option<FeedVersion>,
        head: FeedHead,
    ) -> Result<Arc<Built>, NodeError> {
        if let Some(built) = self.feeds.shelf.of(scope, base, head) {
            return Ok(built);
        }
        let mut parts = Parts { hasher: SnapshotHasher::new(scope, base, head), packed: Vec::new() };
        let mut waiting: Vec<FeedItem> = Vec::new();
        let mut waiting_len = 0usize;
        let mut after = base.unwrap_or_default();
        loop {
            let (items, more) = self.store.feed_items(scope, after, PART_RAW_LEN)?;
            after = items.last().map_or(after, |item| item.version);
            // A snapshot replaces everything: only those who have something need to hear that it is gone.
            for item in items.into_iter().filter(|item| base.is_some() || !item.is_tombstone()) {
                // Parts are cut by the items alone, never by how a store reads them: they are the same everywhere.
                if waiting_len.saturating_add(item.wire_len()) > PART_RAW_LEN && !waiting.is_empty() {
                    parts.add(&std::mem::take(&mut waiting));
                    waiting_len = 0;
                }
                waiting_len = waiting_len.saturating_add(item.wire_len());
                waiting.push(item);
            }
            if !more {
                break;
            }
        }
        parts.add(&waiting);
        if u32::try_from(parts.packed.len()).map_or(true, |len| len > PARTS_MAX) {
            return Err(NodeError::Store(StoreError::Refused(format!(
                "feed {} is larger than a snapshot can be",
                scope.to_text()
            ))));
        }
        let built = Built {
            id: parts.hasher.finish(),
            scope: scope.clone(),
            base,
            reached: head,
            parts: parts.packed,
        };
        let built = Arc::new(built);
        self.feeds.shelf.put(Arc::clone(&built));
        Ok(built)
    }
}

struct Parts {
    hasher: SnapshotHasher,
    packed: Vec<(u8, Vec<u8>)>,
}

impl Parts {
    /// Packs items as one part; halves them while that does not fit a message.
    fn add(&mut self, items: &[FeedItem]) {
        let framed = frame_items(items);
        let (codec, bytes) = codec::pack_bytes(&framed);
        if bytes.len() > PULL_LEN_MAX && items.len() > 1 {
            let (first, second) = items.split_at(items.len() / 2);
            self.add(first);
            self.add(second);
            return;
        }
        self.hasher.part(&framed);
        self.packed.push((codec, bytes));
    }
}
