//! Writing a feed: versions in the order of commits (R18), and a new life that counts from the beginning (R11).

use std::collections::BTreeMap;

use sync_proto::fact::FeedScope;
use sync_proto::project::ProjectionError;
use sync_proto::rows::{RowChange, Rows, Table as _};
use sync_proto::wire::FeedItem;
use sync_proto::{Fact, FeedVersion, Stamp};

use super::super::{Draft, Node, NodeError};
use super::apply::SCAN_ROWS;
use crate::store::{Commit, FeedHead, Store};

sync_proto::table! {
    /// When a feed written here reached a version: one row for each commit, for as long as the feed's horizon (R24).
    pub struct FeedStep in "feed_steps" { scope: String, version: i64 } { at_ms: i64 }
}

/// Notes where the feeds of `commit` stand after it.
pub(in crate::node) fn note_steps(commit: &mut Commit) {
    let heads: BTreeMap<String, FeedVersion> =
        commit.feed_heads.iter().map(|(scope, head)| (scope.to_text(), head.version)).collect();
    let at_ms = commit.at_ms;
    commit.rows.extend(heads.into_iter().filter(|(_, version)| version.0 > 0).map(|(scope, version)| {
        let version = i64::try_from(version.0).unwrap_or(i64::MAX);
        let (key, cells) = FeedStep { scope, version, at_ms }.into_parts();
        RowChange { key, cells: Some(cells) }
    }));
}

impl<S: Store> Node<S> {
    /// The steps of a feed up to `through`, to be taken away.
    pub(super) fn steps_until(
        &mut self,
        scope: &FeedScope,
        through: FeedVersion,
    ) -> Result<Vec<RowChange>, NodeError> {
        let text = scope.to_text();
        let mut gone = Vec::new();
        let mut after = Some(FeedStep::key(text.as_str(), 0));
        loop {
            let found = self.store.scan(FeedStep::SPEC, after.as_ref(), SCAN_ROWS)?;
            for (key, cells) in &found {
                let step = FeedStep::from_parts(&key.key, cells)?;
                let old = u64::try_from(step.version).is_ok_and(|version| version <= through.0);
                if step.scope != text || !old {
                    return Ok(gone);
                }
                gone.push(RowChange { key: key.clone(), cells: None });
            }
            after = found.last().map(|(key, _)| key.clone());
            if after.is_none() {
                return Ok(gone);
            }
        }
    }

    /// Adds the draft's feed items to the commit, with the next versions of their feeds (R18: this node is
    /// the feeds' only writer, so the order of versions is the order of commits).
    pub(in crate::node) fn publish_into(
        &mut self,
        commit: &mut Commit,
        draft: &Draft,
        bytes: &[u8],
    ) -> Result<Option<FeedVersion>, NodeError> {
        let mut last = None;
        // A withdrawal leaves a tombstone.
        let bytes = if matches!(draft.fact, Fact::Withdrawn(_)) { &[] } else { bytes };
        for (scope, key) in &draft.feeds {
            let in_commit = commit.feed_heads.iter().rev().find(|(of, _)| of == scope).map(|(_, head)| *head);
            let head = match in_commit {
                Some(head) => Some(head),
                None => self.store.feed_head(scope)?,
            };
            if head.is_some_and(|head| head.writer != self.own.incarnation) {
                let why = format!("feed {} is written by another", scope.to_text());
                return Err(NodeError::Rejected(ProjectionError::Rejected(why)));
            }
            let version = FeedVersion(head.map_or(0, |head| head.version.0).saturating_add(1));
            let item = FeedItem { key: key.clone(), version, bytes: bytes.to_vec() };
            commit.feed_items.push((scope.clone(), item));
            commit.feed_heads.push((scope.clone(), FeedHead { writer: self.own.incarnation, version }));
            last = Some(version);
        }
        Ok(last)
    }

    /// Takes the feeds of an earlier life of this database over into the present one, so that pullers see at once that
    /// what they were told may be no more (R11).
    pub(in crate::node) fn take_feeds_over(&mut self, now: Stamp) -> Result<(), NodeError> {
        for (scope, head) in self.store.feeds()? {
            if self.writes_feed(&scope) && head.writer != self.own.incarnation {
                self.renumber(&scope, now)?;
            }
        }
        Ok(())
    }

    /// Numbers the live items of a feed from the beginning, and the rows that came from them with them: a price's
    /// version here is the one that stations say they applied.
    fn renumber(&mut self, scope: &FeedScope, now: Stamp) -> Result<(), NodeError> {
        let mut commit = Commit { at_ms: now.wall_ms, ..Commit::default() };
        commit.feed_resets.push(scope.clone());
        let mut rows = Rows::default();
        let mut after = FeedVersion(0);
        let mut version = FeedVersion(0);
        loop {
            let (items, more) = self.store.feed_items(scope, after, usize::MAX)?;
            for item in items {
                after = item.version;
                if item.is_tombstone() {
                    continue;
                }
                version = FeedVersion(version.0.saturating_add(1));
                let item = FeedItem { version, ..item };
                self.project_item(scope, self.own.incarnation, &item, &mut rows)?;
                commit.feed_items.push((scope.clone(), item));
            }
            if !more {
                break;
            }
        }
        let live = self.projection.live(scope);
        commit.rows = rows.into_changes();
        commit.rows.retain(|change| {
            live.iter().any(|each| each.table == change.key.table.0 && (each.holds)(scope, &change.key.key))
        });
        commit.feed_heads.push((scope.clone(), FeedHead { writer: self.own.incarnation, version }));
        commit.feed_horizons.push((scope.clone(), FeedVersion(0)));
        commit.rows.extend(self.steps_until(scope, FeedVersion(u64::MAX))?);
        note_steps(&mut commit);
        self.commit(&commit)?;
        tracing::info!(
            scope = scope.to_text(),
            items = version.0,
            "the feed goes on in a new life of this database"
        );
        Ok(())
    }
}
