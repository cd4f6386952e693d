//! Feeds: what a node answers about those that it writes or passes on, and how it applies those that it pulls.
//!
//! A cursor is (scope, life of the writer, version). Small steps travel as items in one answer; what does not fit one
//! answer, and whatever is whole, is a snapshot: fetched part by part, staged beside what is in use, and swapped in
//! with its cursor in one commit (R21, R22). So nothing half applied is ever seen, and a till that is cut off in the
//! middle goes on where it was.

mod apply;
mod check;
mod keep;
mod publish;
mod shelf;

use std::collections::BTreeSet;

use sync_proto::fact::FeedScope;
use sync_proto::project::Posting;
use sync_proto::rows::Rows;
use sync_proto::wire::{
    FeedCursor, FeedItem, Message, News, PULL_LEN_MAX, PartAnswer, PartAsk, Pull, PullAnswer,
};
use sync_proto::{
    ChainHash, Decoded, DeviceId, Entry, EntryKey, Envelope, FeedVersion, Incarnation, Origin, Role, Seq,
    StationCode, StreamId,
};

use super::{Node, NodeError};
use crate::store::{Commit, FeedHead, StageChange, Store};

pub use check::DigestScan;
pub use keep::{FEED_KEEP_MS, Kept};
pub use publish::FeedStep;
pub(in crate::node) use publish::note_steps;
use shelf::Shelf;

/// How a node applies a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedApply {
    /// Keep the items, for those who pull from here.
    pub relay: bool,
    /// Record `FeedApplied`, so that HQ sees what was really applied (R24).
    pub report: bool,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// There was nothing new.
    UpToDate,
    /// It is applied, with its cursor.
    Changed,
    /// A snapshot is on its way: ask for the next part now.
    Staged,
    /// It answers another question than the one that stands now. Ask again.
    Late,
    /// Who answered is behind what is applied here, and only passes the feed on. It is left alone until it has caught up.
    Behind,
}

/// What a node remembers about feeds between calls; all of it can be found again from the store.
#[derive(Debug, Default)]
pub(super) struct FeedState {
    shelf: Shelf,
    digests: check::Digests,
    /// Feeds whose digest did not agree, until they are taken whole.
    refetch: BTreeSet<FeedScope>,
    mismatches: u64,
}

impl<S: Store> Node<S> {
    /// The message that continues what is applied here: a pull, or an ask for the next part of a snapshot.
    pub fn next_feed_message(&mut self, scope: &FeedScope) -> Result<Message, NodeError> {
        let cursor = self.feed_cursor(scope)?;
        let whole = self.feeds.refetch.contains(scope);
        if let Some(stage) = self.store.feed_stage(scope)? {
            if stage.asked == cursor && (stage.whole || !whole) {
                let base = (!stage.whole).then_some(stage.asked.version);
                let (reached, id, part) = (stage.reached, stage.id, stage.have);
                return Ok(Message::Part(PartAsk { scope: scope.clone(), base, reached, id, part }));
            }
            let end = Commit { feed_stages: vec![(scope.clone(), StageChange::End)], ..Commit::default() };
            self.commit(&end)?;
        }
        Ok(Message::Pull(Pull { scope: scope.clone(), cursor, whole }))
    }

    /// How often a digest did not agree since the program started (R20).
    pub const fn feed_mismatches(&self) -> u64 {
        self.feeds.mismatches
    }

    fn feed_cursor(&mut self, scope: &FeedScope) -> Result<FeedCursor, NodeError> {
        Ok(self.store.feed_head(scope)?.unwrap_or(FeedCursor::START))
    }

    /// Whether this node writes the feed, rather than passing it on.
    fn writes_feed(&self, scope: &FeedScope) -> bool {
        match scope {
            FeedScope::Chain | FeedScope::Station(_) => self.me.role == Role::Hq,
            FeedScope::Local(station) => self.me.role == Role::Agent && self.me.station == *station,
        }
    }

    /// What is new for a puller: nothing, the items since its cursor, or everything that is live.
    pub(super) fn answer_pull(&mut self, pull: &Pull, now_ms: i64) -> Result<PullAnswer, NodeError> {
        let from_writer = self.writes_feed(&pull.scope);
        let answer = |reached, whole, news| PullAnswer {
            scope: pull.scope.clone(),
            asked: pull.cursor,
            reached,
            whole,
            from_writer,
            now_ms,
            news,
        };
        let nothing = News::Items(Vec::new());
        let Some(head) = self.store.feed_head(&pull.scope)? else {
            // A writer put back to before its first word: what the puller holds is no more.
            let reached = FeedHead { writer: self.own.incarnation, version: FeedVersion(0) };
            if from_writer && pull.cursor != FeedCursor::START && pull.cursor != reached {
                return Ok(answer(reached, true, nothing));
            }
            return Ok(answer(pull.cursor, false, nothing));
        };
        let known = pull.cursor.writer == head.writer && !pull.whole;
        if known && (pull.cursor == head || (pull.cursor.version > head.version && !from_writer)) {
            return Ok(answer(head, false, nothing));
        }
        let reachable = known && pull.cursor.version <= head.version;
        let base = (reachable && pull.cursor.version >= self.store.feed_horizon(&pull.scope)?)
            .then_some(pull.cursor.version);
        let news = self.news(&pull.scope, base, head)?;
        Ok(answer(head, base.is_none(), news))
    }

    /// The items after `base`, or everything that is live, in one answer if they fit.
    fn news(
        &mut self,
        scope: &FeedScope,
        base: Option<FeedVersion>,
        head: FeedHead,
    ) -> Result<News, NodeError> {
        let (mut items, more) = self.store.feed_items(scope, base.unwrap_or_default(), PULL_LEN_MAX)?;
        if more {
            let built = self.snapshot(scope, base, head)?;
            return Ok(News::Offer { id: built.id, parts: built.parts_len() });
        }
        if base.is_none() {
            items.retain(|item| !item.is_tombstone());
        }
        Ok(News::Items(items))
    }

    /// A part of a snapshot that was offered here, by us in an earlier life, or by another who holds the same items.
    pub(super) fn answer_part(&mut self, ask: &PartAsk) -> Result<PartAnswer, NodeError> {
        let mut answer = PartAnswer { scope: ask.scope.clone(), id: ask.id, part: ask.part, body: None };
        if let Some(built) = self.feeds.shelf.find(ask.id) {
            answer.body = built.part(ask.part);
            return Ok(answer);
        }
        let at_it = self.store.feed_head(&ask.scope)? == Some(ask.reached);
        let horizon = self.store.feed_horizon(&ask.scope)?;
        if at_it && ask.base.is_none_or(|base| base >= horizon) {
            let built = self.snapshot(&ask.scope, ask.base, ask.reached)?;
            if built.id == ask.id {
                answer.body = built.part(ask.part);
            }
        }
        Ok(answer)
    }

    /// Projects one item as it came down a feed. One that cannot be projected is logged and skipped: a bad item must not
    /// stop prices.
    fn project_item(
        &mut self,
        scope: &FeedScope,
        writer: Incarnation,
        item: &FeedItem,
        rows: &mut Rows,
    ) -> Result<(), NodeError> {
        if item.is_tombstone() {
            self.projection.withdrawn(scope, &item.key).into_iter().for_each(|key| rows.remove(key));
            return Ok(());
        }
        if let Some(posting) = read_item(scope, writer, item) {
            self.fetch(&posting, rows)?;
            let before = rows.savepoint();
            if let Err(why) = self.projection.project(&posting, rows) {
                rows.roll_back(before);
                tracing::error!(%why, key = item.key, "a feed item could not be applied");
            }
        }
        Ok(())
    }
}

/// A feed item as a posting. Items are not entries of a stream here; they carry a key made of the feed's
/// writer and version, which names them in rows and logs.
fn read_item(scope: &FeedScope, writer: Incarnation, item: &FeedItem) -> Option<Posting> {
    let envelope = match Envelope::decode(&item.bytes) {
        Ok(Decoded::Known(envelope)) => *envelope,
        Ok(Decoded::Unknown { type_name, version }) => {
            tracing::warn!(type_name, version, "a feed item of a newer kind was kept and not applied");
            return None;
        }
        Err(why) => {
            tracing::error!(%why, key = item.key, "a feed item does not read");
            return None;
        }
    };
    let device = DeviceId(writer.0);
    let stream = StreamId { device, incarnation: writer };
    let key = EntryKey { stream, seq: Seq(item.version.0) };
    let entry = Entry { key, bytes: item.bytes.clone(), hash: ChainHash([0; 32]) };
    // A station-local feed is written by the station's agent: its accounts are that station's.
    let (station, role) = match scope {
        FeedScope::Local(code) => (code.clone(), Role::Agent),
        FeedScope::Chain | FeedScope::Station(_) => (StationCode::new("HQ").ok()?, Role::Hq),
    };
    let origin = Origin { station, device, role, terminal: None };
    Some(Posting { origin, entry, envelope, feed_version: Some(item.version) })
}
