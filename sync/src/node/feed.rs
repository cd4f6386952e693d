//! Feeds: answering a pull, and applying an answer whole (R20, R21).

use sync_proto::engine::receiver::Head;
use sync_proto::envelope::Envelope;
use sync_proto::fact::{FeedApplied, FeedScope};
use sync_proto::project::Posting;
use sync_proto::rows::Rows;
use sync_proto::wire::{PULL_LEN_MAX, Pull, PullAnswer};
use sync_proto::{
    ChainHash, Decoded, DeviceId, Entry, EntryKey, Fact, FeedVersion, Incarnation, Origin, Role, Seq, Stamp,
    StationCode, StreamId,
};

use super::{Node, NodeError};
use crate::store::{Commit, FeedHead, Store};

/// How a node applies a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedApply {
    /// Keep the items, for those who pull from here.
    pub relay: bool,
    /// Record `FeedApplied`, so that HQ sees what was really applied (R24).
    pub report: bool,
}

impl<S: Store> Node<S> {
    /// The pull that continues what is applied here.
    pub fn next_pull(&mut self, scope: &FeedScope) -> Result<Pull, NodeError> {
        let head = self.store.feed_head(scope)?;
        let (writer, after) =
            head.map_or((Incarnation([0; 16]), FeedVersion(0)), |head| (head.writer, head.version));
        Ok(Pull { scope: scope.clone(), writer, after })
    }

    /// What is new for a puller. One who knows another life of the writer starts from the beginning.
    pub(super) fn answer_pull(&mut self, pull: &Pull, now_ms: i64) -> Result<PullAnswer, NodeError> {
        let head = self.store.feed_head(&pull.scope)?;
        let Some(head) = head else {
            return Ok(PullAnswer {
                scope: pull.scope.clone(),
                writer: pull.writer,
                after: pull.after,
                through: pull.after,
                more: false,
                now_ms,
                items: Vec::new(),
            });
        };
        let after = if pull.writer == head.writer { pull.after } else { FeedVersion(0) };
        let (items, more) = self.store.feed_items(&pull.scope, after, PULL_LEN_MAX)?;
        let through = if more { items.last().map_or(after, |item| item.version) } else { head.version };
        Ok(PullAnswer { scope: pull.scope.clone(), writer: head.writer, after, through, more, now_ms, items })
    }

    /// Applies an answer and its cursor in one commit (R21). Returns whether anything changed.
    ///
    /// A writer that is behind what it once told was put back to an older copy of itself: the feed is taken
    /// again from its beginning. An item that cannot be projected is logged and skipped: one bad item must
    /// not stop prices.
    pub fn apply_pull(&mut self, answer: &PullAnswer, how: FeedApply, now: Stamp) -> Result<bool, NodeError> {
        let before = self.store.feed_head(&answer.scope)?;
        let reached = FeedHead { writer: answer.writer, version: answer.through };
        if before == Some(reached) || (before.is_none() && answer.through == FeedVersion(0)) {
            return Ok(false);
        }
        let held = before.filter(|before| before.writer == answer.writer);
        if answer.after != held.map_or(FeedVersion(0), |held| held.version) {
            // Asked before something else moved the cursor; applying it would leave a hole.
            return Ok(false);
        }
        let mut commit = Commit { at_ms: now.wall_ms, ..Commit::default() };
        if answer.through < answer.after {
            tracing::error!(
                scope = answer.scope.to_text(),
                "the feed's writer went back; the feed is taken anew"
            );
            commit.feed_resets.push(answer.scope.clone());
            let start = FeedHead { writer: answer.writer, version: FeedVersion(0) };
            commit.feed_heads.push((answer.scope.clone(), start));
            self.commit(&commit)?;
            return Ok(true);
        }
        if before.is_some_and(|before| before.writer != answer.writer) {
            commit.feed_resets.push(answer.scope.clone());
        }
        let mut rows = Rows::default();
        for item in &answer.items {
            if how.relay {
                commit.feed_items.push((answer.scope.clone(), item.clone()));
            }
            if let Some(posting) = read_item(answer, item) {
                self.fetch(&posting, &mut rows)?;
                let before = rows.savepoint();
                if let Err(why) = self.projection.project(&posting, &mut rows) {
                    rows.roll_back(before);
                    tracing::error!(%why, key = item.key, "a feed item could not be applied");
                }
            }
        }
        commit.feed_heads.push((answer.scope.clone(), reached));
        if how.report && !answer.more {
            self.report_applied(&mut commit, &mut rows, answer, now)?;
        }
        commit.rows = rows.into_changes();
        self.commit(&commit)?;
        Ok(true)
    }

    /// The `FeedApplied` fact goes into the same commit as what it reports.
    fn report_applied(
        &mut self,
        commit: &mut Commit,
        rows: &mut Rows,
        answer: &PullAnswer,
        now: Stamp,
    ) -> Result<(), NodeError> {
        let fact = Fact::FeedApplied(FeedApplied {
            scope: answer.scope.clone(),
            writer: answer.writer,
            version: answer.through,
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

/// A feed item as a posting. Items are not entries of a stream here; they carry a key made of the feed's
/// writer and version, which names them in rows and logs.
fn read_item(answer: &PullAnswer, item: &sync_proto::wire::FeedItem) -> Option<Posting> {
    let writer = answer.writer;
    if item.bytes.is_empty() {
        return None;
    }
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
    let (station, role) = match &answer.scope {
        FeedScope::Local(code) => (code.clone(), Role::Agent),
        FeedScope::Chain | FeedScope::Station(_) => (StationCode::new("HQ").ok()?, Role::Hq),
    };
    let origin = Origin { station, device, role, terminal: None };
    Some(Posting { origin, entry, envelope, feed_version: Some(item.version) })
}
