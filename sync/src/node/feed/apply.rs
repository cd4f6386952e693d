//! Applying what upstream answered: whole or not at all, cursor included (R21).

use std::collections::{BTreeMap, BTreeSet};

use sync_proto::engine::receiver::Head;
use sync_proto::fact::{FeedApplied, FeedScope};
use sync_proto::project::Posting;
use sync_proto::rows::{RowChange, RowKey, Rows};
use sync_proto::wire::{
    FeedCursor, FeedItem, News, PART_RAW_LEN_MAX, PartAnswer, PullAnswer, SnapshotHasher, unframe_items,
};
use sync_proto::{Entry, EntryKey, Envelope, Fact, Stamp};

use super::super::{Node, NodeError};
use super::{Applied, FeedApply};
use crate::codec;
use crate::store::{Commit, FeedStage, StageChange, Store, StoreError};

/// Rows read at once while a snapshot is compared with what is stored.
pub(super) const SCAN_ROWS: usize = 2_000;

/// A step from one cursor to another.
struct Step<'a> {
    scope: &'a FeedScope,
    before: FeedCursor,
    reached: FeedCursor,
    whole: bool,
}

impl<S: Store> Node<S> {
    /// Applies upstream's answer to a pull.
    ///
    /// One who only passes a feed on never takes it back: neither to an earlier version nor to a life of the writer
    /// that was left behind. The writer itself does, when it was put back to an older copy of itself (R11).
    pub fn apply_pull(
        &mut self,
        answer: &PullAnswer,
        how: FeedApply,
        now: Stamp,
    ) -> Result<Applied, NodeError> {
        let scope = &answer.scope;
        let before = self.feed_cursor(scope)?;
        let reached = answer.reached;
        if answer.asked != before {
            // Asked before something else moved the cursor; applying it would leave a hole.
            return Ok(Applied::Late);
        }
        if reached == before && !answer.whole {
            return Ok(Applied::UpToDate);
        }
        let same_life = reached.writer == before.writer;
        let back = same_life && reached.version < before.version;
        let left = !same_life && self.store.feed_writer_left(scope, reached.writer)?;
        if !answer.from_writer && (back || left) {
            return Ok(Applied::Behind);
        }
        if !answer.whole && (back || !same_life) {
            tracing::error!(scope = scope.to_text(), "an answer leads from where this feed never was");
            return Ok(Applied::Late);
        }
        if back {
            tracing::error!(scope = scope.to_text(), "the feed's writer went back; the feed is taken anew");
        }
        match &answer.news {
            News::Items(items) => {
                let step = Step { scope, before, reached, whole: answer.whole };
                self.apply_items(&step, items, how, now)
            }
            News::Offer { id, parts } => {
                let whole = answer.whole;
                let stage = FeedStage { asked: before, reached, whole, id: *id, parts: *parts, have: 0 };
                // What is there of the same snapshot stays: its parts are the same whoever offers it.
                let held = self.store.feed_stage(scope)?.map(|held| FeedStage { have: 0, ..held });
                if held != Some(stage) {
                    self.stage(scope, StageChange::Begin(stage), now)?;
                }
                Ok(Applied::Staged)
            }
        }
    }

    /// Takes a part of a snapshot; with the last one, all of it is applied.
    pub fn apply_part(
        &mut self,
        answer: &PartAnswer,
        how: FeedApply,
        now: Stamp,
    ) -> Result<Applied, NodeError> {
        let scope = &answer.scope;
        let Some(stage) = self.store.feed_stage(scope)? else { return Ok(Applied::Late) };
        if stage.id != answer.id || stage.have != answer.part || stage.asked != self.feed_cursor(scope)? {
            return Ok(Applied::Late);
        }
        let Some((codec, body)) = &answer.body else {
            tracing::info!(scope = scope.to_text(), "the snapshot is not offered any more; another will be");
            self.stage(scope, StageChange::End, now)?;
            return Ok(Applied::Late);
        };
        let bytes: Vec<u8> = std::iter::once(*codec).chain(body.iter().copied()).collect();
        if stage.have.saturating_add(1) < stage.parts {
            self.stage(scope, StageChange::Part { part: answer.part, bytes }, now)?;
            return Ok(Applied::Staged);
        }
        match self.unpack_stage(scope, &stage, bytes)? {
            Ok(items) => {
                let step = Step { scope, before: stage.asked, reached: stage.reached, whole: stage.whole };
                self.apply_items(&step, &items, how, now)
            }
            Err(why) => {
                tracing::error!(
                    scope = scope.to_text(),
                    why,
                    "a snapshot is not what was offered; it is fetched again"
                );
                self.stage(scope, StageChange::End, now)?;
                Ok(Applied::Late)
            }
        }
    }

    fn stage(&mut self, scope: &FeedScope, change: StageChange, now: Stamp) -> Result<(), NodeError> {
        let feed_stages = vec![(scope.clone(), change)];
        self.commit(&Commit { at_ms: now.wall_ms, feed_stages, ..Commit::default() })
    }

    /// The items of all parts, if they are those that were offered.
    fn unpack_stage(
        &mut self,
        scope: &FeedScope,
        stage: &FeedStage,
        last: Vec<u8>,
    ) -> Result<Result<Vec<FeedItem>, String>, NodeError> {
        let base = (!stage.whole).then_some(stage.asked.version);
        let mut hasher = SnapshotHasher::new(scope, base, stage.reached);
        let mut items = Vec::new();
        let mut last = Some(last);
        for part in 0..stage.parts {
            let packed = if part < stage.have {
                self.store.feed_stage_part(scope, part)?.ok_or_else(|| {
                    StoreError::Damaged(format!("part {part} of a snapshot of {} is gone", scope.to_text()))
                })?
            } else {
                last.take().unwrap_or_default()
            };
            let Some((codec, body)) = packed.split_first() else {
                return Ok(Err("an empty part".to_owned()));
            };
            let framed = match codec::unpack_bytes(*codec, body, PART_RAW_LEN_MAX) {
                Ok(framed) => framed,
                Err(why) => return Ok(Err(why.to_string())),
            };
            hasher.part(&framed);
            match unframe_items(&framed) {
                Ok(more) => items.extend(more),
                Err(why) => return Ok(Err(why.to_string())),
            }
        }
        Ok(if hasher.finish() == stage.id {
            Ok(items)
        } else {
            Err("its parts have another hash".to_owned())
        })
    }

    fn apply_items(
        &mut self,
        step: &Step<'_>,
        items: &[FeedItem],
        how: FeedApply,
        now: Stamp,
    ) -> Result<Applied, NodeError> {
        let Step { scope, before, reached, whole } = *step;
        let mut commit = Commit { at_ms: now.wall_ms, ..Commit::default() };
        let mut rows = Rows::default();
        for item in items {
            self.project_item(scope, reached.writer, item, &mut rows)?;
        }
        if whole {
            commit.feed_resets.push(scope.clone());
            // Tombstones do not travel in a snapshot.
            commit.feed_horizons.push((scope.clone(), reached.version));
        }
        if how.relay {
            commit.feed_items = items.iter().map(|item| (scope.clone(), item.clone())).collect();
        }
        if before != FeedCursor::START && before.writer != reached.writer {
            commit.feed_writers_left.push((scope.clone(), before.writer));
        }
        commit.feed_heads.push((scope.clone(), reached));
        if self.store.feed_stage(scope)?.is_some() {
            commit.feed_stages.push((scope.clone(), StageChange::End));
        }
        if how.report {
            self.report_applied(&mut commit, &mut rows, scope, reached, now)?;
        }
        commit.rows = rows.into_changes();
        if whole {
            self.replace_live(scope, &mut commit.rows)?;
        }
        self.commit(&commit)?;
        self.feeds.refetch.remove(scope);
        Ok(Applied::Changed)
    }

    /// Makes `changes` the difference between what is stored of a feed's live rows and what they are to be: rows that
    /// are as they should be are not written again, and rows that nothing brought are removed.
    fn replace_live(&mut self, scope: &FeedScope, changes: &mut Vec<RowChange>) -> Result<(), NodeError> {
        let mut same: BTreeSet<RowKey> = BTreeSet::new();
        let mut gone: Vec<RowChange> = Vec::new();
        {
            let wanted: BTreeMap<&RowKey, &Option<Vec<_>>> =
                changes.iter().map(|change| (&change.key, &change.cells)).collect();
            for live in self.projection.live(scope) {
                let mut after: Option<RowKey> = None;
                loop {
                    let found = self.store.scan(live.table, after.as_ref(), SCAN_ROWS)?;
                    let Some((last, _)) = found.last() else { break };
                    after = Some(last.clone());
                    for (key, cells) in found.into_iter().filter(|(key, _)| (live.holds)(scope, &key.key)) {
                        match wanted.get(&key) {
                            None => gone.push(RowChange { key, cells: None }),
                            Some(Some(wanted)) if *wanted == cells => {
                                same.insert(key);
                            }
                            Some(_) => {}
                        }
                    }
                }
            }
        }
        changes.retain(|change| !same.contains(&change.key));
        changes.extend(gone);
        Ok(())
    }

    /// The `FeedApplied` fact goes into the same commit as what it reports.
    fn report_applied(
        &mut self,
        commit: &mut Commit,
        rows: &mut Rows,
        scope: &FeedScope,
        reached: FeedCursor,
        now: Stamp,
    ) -> Result<(), NodeError> {
        let fact = Fact::FeedApplied(FeedApplied {
            scope: scope.clone(),
            writer: reached.writer,
            version: reached.version,
        });
        let envelope = Envelope::new(now, None, fact);
        let bytes = envelope.encode()?;
        let Head { seq, hash } = self.own_head()?;
        let key = EntryKey { stream: self.own, seq: seq.next() };
        let entry = Entry { key, hash: hash.chain(&bytes), bytes };
        let posting = Posting { origin: self.me.clone(), entry: entry.clone(), envelope, feed_version: None };
        self.fetch(&posting, rows)?;
        self.projection.project(&posting, rows)?;
        commit.append.push(entry);
        Ok(())
    }
}
