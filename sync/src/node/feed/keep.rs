//! What a feed keeps, and for how long (R26); and whether its writer's own rows are still what it published.

use sync_proto::FeedVersion;
use sync_proto::fact::FeedScope;
use sync_proto::rows::{RowChange, RowKey, Rows};
use sync_proto::wire::PART_RAW_LEN;

use super::super::{Node, NodeError};
use crate::store::{Commit, FeedHead, Store};

/// Changes and tombstones are kept this long: who was away for longer gets a snapshot.
pub const FEED_KEEP_MS: i64 = 90 * 24 * 3_600_000;

/// What keeping did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Feeds whose horizon moved.
    pub horizons: u64,
    /// Rows of this node that were not what it had published, and are again.
    pub mended: u64,
}

impl<S: Store> Node<S> {
    /// Once a night: moves the horizons of feeds, drops tombstones below them, and compares the rows of the feeds that
    /// this node writes with their items.
    pub fn keep_feeds(&mut self, now_ms: i64) -> Result<Kept, NodeError> {
        let mut kept = Kept::default();
        for (scope, head) in self.store.feeds()? {
            let old = self.store.feed_version_at(&scope, now_ms.saturating_sub(FEED_KEEP_MS))?;
            if old > self.store.feed_horizon(&scope)? {
                let feed_horizons = vec![(scope.clone(), old)];
                let rows = self.steps_until(&scope, old)?;
                self.commit(&Commit { at_ms: now_ms, feed_horizons, rows, ..Commit::default() })?;
                kept.horizons = kept.horizons.saturating_add(1);
            }
            if self.writes_feed(&scope) {
                kept.mended = kept.mended.saturating_add(self.mend(&scope, head, now_ms)?);
            }
        }
        Ok(kept)
    }

    fn mend(&mut self, scope: &FeedScope, head: FeedHead, now_ms: i64) -> Result<u64, NodeError> {
        let live = self.projection.live(scope);
        let mut wrong: Vec<RowChange> = Vec::new();
        let mut after = FeedVersion(0);
        loop {
            let (items, more) = self.store.feed_items(scope, after, PART_RAW_LEN)?;
            after = items.last().map_or(after, |item| item.version);
            let mut rows = Rows::default();
            for item in items.iter().filter(|item| !item.is_tombstone()) {
                self.project_item(scope, head.writer, item, &mut rows)?;
            }
            let mut wanted = rows.into_changes();
            wanted.retain(|change| {
                live.iter()
                    .any(|each| each.table == change.key.table.0 && (each.holds)(scope, &change.key.key))
            });
            let keys: Vec<RowKey> = wanted.iter().map(|change| change.key.clone()).collect();
            let found = self.store.rows(&keys)?;
            wrong.extend(
                wanted.into_iter().zip(found).filter(|(want, is)| want.cells != *is).map(|(want, _)| want),
            );
            if !more {
                break;
            }
        }
        let count = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
        if count > 0 {
            tracing::error!(
                scope = scope.to_text(),
                rows = count,
                "rows here were not what was published; they are again"
            );
            self.commit(&Commit { at_ms: now_ms, rows: wrong, ..Commit::default() })?;
        }
        Ok(count)
    }
}
