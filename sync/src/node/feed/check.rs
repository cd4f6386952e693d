//! Checkpoints: do the live rows of a feed agree with upstream's (R20)? Each side counts its own; nobody takes over
//! what the other counted.

use std::collections::BTreeMap;

use sync_proto::FeedVersion;
use sync_proto::digest::RowsDigest;
use sync_proto::fact::FeedScope;
use sync_proto::project::LiveTable;
use sync_proto::rows::{RowKey, Rows};
use sync_proto::wire::{Check, CheckAnswer, FeedItem, PART_RAW_LEN};

use super::super::{Node, NodeError};
use super::apply::SCAN_ROWS;
use crate::store::{FeedHead, Store};

/// Digests of feeds' items, counted once for each version, however many ask.
pub(super) type Digests = BTreeMap<FeedScope, (FeedHead, RowsDigest)>;

/// A count that goes on in small steps, so that no sale waits for it.
#[derive(Debug)]
pub struct DigestScan {
    scope: FeedScope,
    at: FeedHead,
    tables: Vec<LiveTable>,
    after: Option<RowKey>,
    rows: RowsDigest,
    /// Where the count of the items stands, for who passes them on.
    items_after: Option<FeedVersion>,
    items: Option<RowsDigest>,
}

impl DigestScan {
    /// The question to upstream, once the count is done.
    pub fn message(&self) -> Check {
        Check { scope: self.scope.clone(), cursor: self.at, digest: self.rows }
    }
}

impl<S: Store> Node<S> {
    /// Begins a checkpoint; `None` when nothing was applied yet or something is on its way. Who passes the items on
    /// counts them too: its tills are filled from them.
    pub fn begin_check(&mut self, scope: &FeedScope, relay: bool) -> Result<Option<DigestScan>, NodeError> {
        let Some(at) = self.store.feed_head(scope)? else { return Ok(None) };
        if self.store.feed_stage(scope)?.is_some() || self.feeds.refetch.contains(scope) {
            return Ok(None);
        }
        Ok(Some(DigestScan {
            scope: scope.clone(),
            at,
            tables: self.projection.live(scope),
            after: None,
            rows: RowsDigest::default(),
            items_after: relay.then_some(FeedVersion(0)),
            items: relay.then(RowsDigest::default),
        }))
    }

    /// Counts some rows more. Returns whether all are counted; `None` when the feed moved meanwhile, which makes the
    /// count worthless.
    pub fn step_check(&mut self, scan: &mut DigestScan) -> Result<Option<bool>, NodeError> {
        if self.store.feed_head(&scan.scope)? != Some(scan.at) {
            return Ok(None);
        }
        if let Some(live) = scan.tables.last().copied() {
            let found = self.store.scan(live.table, scan.after.as_ref(), SCAN_ROWS)?;
            let last = found.last().map(|(key, _)| key.clone());
            for (key, cells) in &found {
                if (live.holds)(&scan.scope, &key.key) {
                    scan.rows.add(live.table, &key.key, cells);
                }
            }
            if last.is_none() {
                scan.tables.pop();
            }
            scan.after = last;
            return Ok(Some(false));
        }
        if let (Some(after), Some(mut digest)) = (scan.items_after, scan.items) {
            let (items, more) = self.store.feed_items(&scan.scope, after, PART_RAW_LEN)?;
            self.count_items(&scan.scope, scan.at, &items, &mut digest)?;
            scan.items = Some(digest);
            scan.items_after = items.last().map(|item| item.version).filter(|_| more);
        }
        Ok(Some(scan.items_after.is_none()))
    }

    /// Counts everything at once, where nobody waits.
    pub fn check(&mut self, scope: &FeedScope, relay: bool) -> Result<Option<DigestScan>, NodeError> {
        let Some(mut scan) = self.begin_check(scope, relay)? else { return Ok(None) };
        loop {
            match self.step_check(&mut scan)? {
                Some(true) => return Ok(Some(scan)),
                Some(false) => {}
                None => return Ok(None),
            }
        }
    }

    /// Compares with what upstream counted. Returns whether they differ: then the feed will be taken whole.
    pub fn apply_check(&mut self, scan: &DigestScan, answer: &CheckAnswer) -> Result<bool, NodeError> {
        let Some(theirs) = answer.digest else { return Ok(false) };
        let still_there = answer.scope == scan.scope
            && answer.cursor == scan.at
            && self.store.feed_head(&scan.scope)? == Some(scan.at);
        let differs =
            scan.rows.contradicts(&theirs) || scan.items.is_some_and(|items| items.contradicts(&theirs));
        if !still_there || !differs {
            return Ok(false);
        }
        tracing::error!(
            scope = scan.scope.to_text(),
            version = scan.at.version.0,
            rows = scan.rows.rows,
            rows_upstream = theirs.rows,
            "products, prices or names here are not what they should be; the feed is taken anew"
        );
        self.feeds.refetch.insert(scan.scope.clone());
        self.feeds.mismatches = self.feeds.mismatches.saturating_add(1);
        Ok(true)
    }

    pub(in crate::node) fn answer_check(&mut self, check: &Check) -> Result<CheckAnswer, NodeError> {
        let mut answer = CheckAnswer { scope: check.scope.clone(), cursor: check.cursor, digest: None };
        if self.store.feed_head(&check.scope)? == Some(check.cursor) {
            let ours = self.items_digest(&check.scope, check.cursor)?;
            if ours.contradicts(&check.digest) {
                tracing::error!(
                    scope = check.scope.to_text(),
                    version = check.cursor.version.0,
                    rows = ours.rows,
                    rows_there = check.digest.rows,
                    "a device has other products, prices or names than this feed; it will take the feed anew"
                );
            }
            answer.digest = Some(ours);
        }
        Ok(answer)
    }

    /// What the rows of a feed add up to by its items: whoever applied them all must have this.
    fn items_digest(&mut self, scope: &FeedScope, head: FeedHead) -> Result<RowsDigest, NodeError> {
        if let Some((_, digest)) = self.feeds.digests.get(scope).filter(|(at, _)| *at == head) {
            return Ok(*digest);
        }
        let mut digest = RowsDigest::default();
        let mut after = FeedVersion(0);
        loop {
            let (items, more) = self.store.feed_items(scope, after, PART_RAW_LEN)?;
            after = items.last().map_or(after, |item| item.version);
            self.count_items(scope, head, &items, &mut digest)?;
            if !more {
                break;
            }
        }
        self.feeds.digests.insert(scope.clone(), (head, digest));
        Ok(digest)
    }

    /// Counts the live rows that items bring. Every key fills rows of its own, so items can be counted one by one.
    fn count_items(
        &mut self,
        scope: &FeedScope,
        head: FeedHead,
        items: &[FeedItem],
        digest: &mut RowsDigest,
    ) -> Result<(), NodeError> {
        let live = self.projection.live(scope);
        for item in items.iter().filter(|item| !item.is_tombstone()) {
            let mut rows = Rows::default();
            self.project_item(scope, head.writer, item, &mut rows)?;
            for change in rows.into_changes() {
                let table = change.key.table.0;
                let counts =
                    live.iter().any(|each| each.table == table && (each.holds)(scope, &change.key.key));
                if let Some(cells) = change.cells.filter(|_| counts) {
                    digest.add(table, &change.key.key, &cells);
                }
            }
        }
        Ok(())
    }
}
