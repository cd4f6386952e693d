//! One program's journal with its projections: records its own facts, receives those of others, publishes
//! and applies feeds. Synchronous and without IO of its own but the store's, so the simulator drives it too.

mod adopt;
mod audit;
mod carried;
mod feed;
mod group;
mod incoming;
mod lives;
mod outbox;
pub mod quarantine;
mod rebuild;
mod receive;

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_proto::engine::receiver::Head;
use sync_proto::envelope::EnvelopeError;
use sync_proto::fact::{FeedScope, StreamOpened, Withdrawn};
use sync_proto::project::{Posting, Projection, ProjectionError, WANT_ROUNDS_MAX};
use sync_proto::rows::{RowChange, RowError, RowKey, Rows, Table};
use sync_proto::{
    BusinessDay, Entry, EntryKey, Envelope, Fact, FeedVersion, Incarnation, Origin, Seq, Stamp, StreamId,
};

use crate::store::{Commit, Store, StoreError};

pub use carried::GoOn;
pub use feed::{Applied, DigestScan, FEED_KEEP_MS, FeedApply, FeedStep, Kept};
pub use incoming::Incoming;
pub use lives::StreamCut;
pub use outbox::Pending;
pub use quarantine::{PROGRAM, QuarantineError, Replay};

/// Why a fact was not recorded. Nothing of it is there.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It contradicts what is known.
    #[error(transparent)]
    Rejected(#[from] ProjectionError),
    /// It does not fit an entry.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A stored row is not what it should be.
    #[error(transparent)]
    Row(#[from] RowError),
    /// Personal data was about to enter a journal (R39).
    #[error("{0} carries personal data and may only travel in a feed")]
    Personal(&'static str),
}

/// A fact to record, and the feeds that it is published in at the same time.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What happened.
    pub fact: Fact,
    /// Feeds to publish it in, each under a key; a later item of a key replaces the earlier one.
    pub feeds: Vec<(FeedScope, String)>,
}

impl Draft {
    /// A fact that goes upstream only.
    pub const fn new(fact: Fact) -> Self {
        Self { fact, feeds: Vec::new() }
    }

    /// Takes back what was published in a feed under a key: its rows go here and everywhere.
    pub fn withdrawal(scope: FeedScope, key: impl Into<String>) -> Self {
        let key = key.into();
        let fact = Fact::Withdrawn(Withdrawn { scope: scope.clone(), key: key.clone() });
        Self { fact, feeds: vec![(scope, key)] }
    }

    /// A fact that is published too.
    pub fn published(fact: Fact, scope: FeedScope, key: impl Into<String>) -> Self {
        Self { fact, feeds: vec![(scope, key.into())] }
    }
}

/// What [`Node::record`] made durable.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The entries, in order; none for a fact that only travels in a feed.
    pub entries: Vec<Entry>,
    /// Version of the last item published, per draft order.
    pub versions: Vec<FeedVersion>,
}

/// Rows and cursors of the program's own that become durable with the facts.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Local rows, for example an emptied cart.
    pub rows: Vec<RowChange>,
    /// Consumers' cursors.
    pub cursors: Vec<(String, i64)>,
}

/// A journal and its projections over a store.
pub struct Node<S> {
    store: S,
    projection: Arc<dyn Projection>,
    me: Origin,
    own: StreamId,
    /// Lives of this device that end for upstreams before their last entry.
    cuts: BTreeMap<StreamId, Seq>,
    commits: u64,
    feeds: feed::FeedState,
}

impl<S> std::fmt::Debug for Node<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("me", &self.me).field("own", &self.own).finish_non_exhaustive()
    }
}

impl<S: Store> Node<S> {
    /// Opens the journal of device `me`. A store without a stream of its own gets one: `entropy` becomes the
    /// incarnation (R4) and the first entry says who writes (R28).
    pub fn open(
        store: S,
        projection: Arc<dyn Projection>,
        me: Origin,
        entropy: [u8; 16],
        now: Stamp,
    ) -> Result<Self, NodeError> {
        Self::open_because(store, projection, me, entropy, "new", now)
    }

    /// The same for a device that had a database before: `why` there is nothing to cite any more (R28).
    pub fn open_because(
        store: S,
        projection: Arc<dyn Projection>,
        me: Origin,
        entropy: [u8; 16],
        why: &str,
        now: Stamp,
    ) -> Result<Self, NodeError> {
        let own = StreamId { device: me.device, incarnation: Incarnation(entropy) };
        let mut node = Self {
            store,
            projection,
            me,
            own,
            cuts: BTreeMap::new(),
            commits: 0,
            feeds: feed::FeedState::default(),
        };
        let streams = node.store.streams()?;
        node.read_cuts(&streams)?;
        match streams.iter().rev().find(|row| row.own) {
            Some(row) if row.id.device == node.me.device => node.own = row.id,
            Some(row) => {
                return Err(NodeError::Store(StoreError::Refused(format!(
                    "the database belongs to device {}, this device is {}; a device keeps its own data folder",
                    row.id.device, node.me.device
                ))));
            }
            None => {
                let mut opened =
                    StreamOpened::new_device(node.me.station.clone(), node.me.role, node.me.terminal);
                why.clone_into(&mut opened.why);
                node.open_stream(own, opened, now)?;
            }
        }
        node.take_feeds_over(now)?;
        Ok(node)
    }

    fn open_stream(&mut self, own: StreamId, opened: StreamOpened, now: Stamp) -> Result<(), NodeError> {
        let (row, entry) = self.opening(own, opened, now)?;
        let commit =
            Commit { at_ms: now.wall_ms, streams: vec![row], append: vec![entry], ..Commit::default() };
        self.commit(&commit)?;
        self.own = own;
        Ok(())
    }

    /// Who this node is.
    pub const fn me(&self) -> &Origin {
        &self.me
    }

    /// The stream that it writes.
    pub const fn own_stream(&self) -> StreamId {
        self.own
    }

    /// The store, for reads of the program's own.
    pub const fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Goes up with every commit; a driver wakes when it does.
    pub const fn commits(&self) -> u64 {
        self.commits
    }

    /// Reads one row.
    pub fn get<T: Table>(&mut self, key: &RowKey) -> Result<Option<T>, NodeError> {
        let found = self.store.rows(std::slice::from_ref(key))?.into_iter().next().flatten();
        Ok(found.map(|cells| T::from_parts(&key.key, &cells)).transpose()?)
    }

    /// Writes rows of the program's own, with no fact.
    pub fn write(&mut self, rows: Vec<RowChange>, at_ms: i64) -> Result<(), NodeError> {
        self.commit(&Commit { at_ms, rows, ..Commit::default() })
    }

    /// Records facts, projects them and publishes them, in one commit. A fact that its projection rejects is
    /// an error and nothing is recorded.
    pub fn record(
        &mut self,
        now: Stamp,
        day: Option<&BusinessDay>,
        drafts: &[Draft],
        beside: Beside,
    ) -> Result<Recorded, NodeError> {
        let mut head = self.own_head()?;
        let mut commit = Commit { at_ms: now.wall_ms, cursors: beside.cursors, ..Commit::default() };
        commit.essential = !drafts.iter().any(|draft| matches!(draft.fact, Fact::Sold(_)));
        let mut recorded = Recorded { entries: Vec::new(), versions: Vec::new() };
        let mut postings = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let envelope = Envelope::new(now, day.cloned(), draft.fact.clone());
            let bytes = envelope.encode()?;
            let version = self.publish_into(&mut commit, draft, &bytes)?;
            recorded.versions.extend(version);
            let key = EntryKey { stream: self.own, seq: head.seq.next() };
            let entry = Entry { key, hash: head.hash.chain(&bytes), bytes };
            if draft.fact.may_be_journaled() {
                head = Head { seq: key.seq, hash: entry.hash };
                commit.append.push(entry.clone());
                recorded.entries.push(entry.clone());
            } else if draft.feeds.is_empty() {
                return Err(NodeError::Personal(draft.fact.type_name()));
            }
            postings.push(Posting { origin: self.me.clone(), entry, envelope, feed_version: version });
        }
        let mut rows = Rows::default();
        for posting in &postings {
            self.fetch(posting, &mut rows)?;
            self.projection.project(posting, &mut rows)?;
            if let Fact::Withdrawn(withdrawn) = &posting.envelope.fact {
                let gone = self.projection.withdrawn(&withdrawn.scope, &withdrawn.key);
                gone.into_iter().for_each(|key| rows.remove(key));
            }
        }
        commit.rows = rows.into_changes();
        commit.rows.extend(beside.rows);
        feed::note_steps(&mut commit);
        self.commit(&commit)?;
        Ok(recorded)
    }

    /// Where the own stream stands.
    pub fn own_head(&mut self) -> Result<Head, NodeError> {
        let own = self.own;
        self.store.stream(&own)?.map(|row| row.head).ok_or_else(|| {
            NodeError::Store(StoreError::Damaged(
                "the journal's own stream is not in the database".to_owned(),
            ))
        })
    }

    /// Reads from the store what projecting `posting` needs.
    fn fetch(&mut self, posting: &Posting, rows: &mut Rows) -> Result<(), NodeError> {
        for _ in 0..WANT_ROUNDS_MAX {
            let mut keys = self.projection.wants(posting, rows);
            keys.retain(|key| !rows.has(key));
            keys.sort();
            keys.dedup();
            if keys.is_empty() {
                return Ok(());
            }
            let found = self.store.rows(&keys)?;
            for (key, cells) in keys.into_iter().zip(found) {
                rows.insert_fetched(key, cells);
            }
        }
        Ok(())
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), NodeError> {
        self.store.commit(commit)?;
        self.commits = self.commits.wrapping_add(1);
        Ok(())
    }
}
