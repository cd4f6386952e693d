//! What a link does beside carrying the journal up and feeds down: checkpoints of feeds (R20), taking back what was
//! lost here and is held upstream (R38), asking how far head office holds what was given to the agent (R33), and
//! audits of what upstream acknowledged (R29). As in `sync::driver`, with neither sockets nor a clock, and with waits that fit a storm of fifteen seconds.

use std::collections::BTreeMap;

use sync::Node;
use sync::node::DigestScan;
use sync_proto::engine::audit::AuditRound;
use sync_proto::fact::FeedScope;
use sync_proto::wire::{AuditAnswer, Finding};
use sync_proto::wire::{CheckAnswer, Fetch, Fetched, HeldStream, ListStreams, Message, Progress, StreamList};
use sync_proto::wire::{ProgressAnswer, STREAMS_MAX};
use sync_proto::{Seq, StreamId};

use super::HQ_MARK;
use crate::disk::Disk;

/// Between two checkpoints of a feed.
const CHECK_EVERY_MS: i64 = 3_000;

/// Between two tries to take journals back.
const REBUILD_RETRY_MS: i64 = 1_000;

/// Between two looks at what upstream holds, once nothing is missing.
const REBUILD_EVERY_MS: i64 = 7_000;

/// Between two questions how far head office holds the journal.
const PROGRESS_EVERY_MS: i64 = 1_000;

/// Between two audits.
const AUDIT_EVERY_MS: i64 = 400;

/// A lower mark is believed when it was said so often in a row; as in `sync::driver`.
const LOWER_AFTER: u32 = 15;

/// Which of them a link has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds {
    /// Journals are taken back over it.
    pub(super) rebuild: bool,
    /// It leads to an agent, which knows how far head office is.
    pub(super) progress: bool,
}

#[derive(Debug)]
pub(super) struct Errands {
    kinds: Kinds,
    relay: bool,
    next_check_ms: i64,
    scans: BTreeMap<FeedScope, DigestScan>,
    next_rebuild_ms: i64,
    wanted: BTreeMap<StreamId, HeldStream>,
    next_progress_ms: i64,
    lower: BTreeMap<StreamId, u32>,
    next_audit_ms: i64,
    round: AuditRound,
}

impl Errands {
    pub(super) fn new(now_ms: i64, kinds: Kinds, relay: bool) -> Self {
        Self {
            kinds,
            relay,
            next_check_ms: now_ms,
            scans: BTreeMap::new(),
            next_rebuild_ms: now_ms,
            wanted: BTreeMap::new(),
            next_progress_ms: now_ms,
            lower: BTreeMap::new(),
            next_audit_ms: now_ms,
            round: AuditRound::default(),
        }
    }

    /// The questions that are due.
    pub(super) fn due(
        &mut self,
        now_ms: i64,
        upstream: &str,
        node: &mut Node<Disk>,
        scopes: &[FeedScope],
    ) -> Vec<Message> {
        let mut asked = Vec::new();
        if self.next_audit_ms <= now_ms {
            self.next_audit_ms = now_ms + AUDIT_EVERY_MS;
            let range = node.audited(upstream).ok().and_then(|streams| self.round.next(&streams));
            let audit = range.and_then(|range| node.audit(&range).ok().flatten());
            asked.extend(audit.map(Message::Audit));
        }
        if self.next_check_ms <= now_ms {
            self.next_check_ms = now_ms + CHECK_EVERY_MS;
            for scope in scopes {
                if let Ok(Some(scan)) = node.check(scope, self.relay) {
                    asked.push(Message::Check(scan.message()));
                    self.scans.insert(scope.clone(), scan);
                }
            }
        }
        if self.kinds.rebuild && self.next_rebuild_ms <= now_ms {
            self.next_rebuild_ms = now_ms + REBUILD_RETRY_MS;
            self.wanted.clear();
            asked.push(Message::ListStreams(ListStreams { after: None }));
        }
        if self.kinds.progress && self.next_progress_ms <= now_ms {
            self.next_progress_ms = now_ms + PROGRESS_EVERY_MS;
            let outbox = node.outbox(HQ_MARK).unwrap_or_default().into_iter();
            let pending = outbox.filter(|each| each.head > each.acked);
            asked.extend(pending.map(|each| Message::Progress(Progress { stream: each.stream })));
        }
        asked
    }

    /// Sends again what an audit missed.
    pub(super) fn audited(node: &mut Node<Disk>, answer: &AuditAnswer) -> Option<Message> {
        let Finding::Bad { from, to } = answer.finding else { return None };
        node.mending(answer.stream, from, to).ok().flatten().map(Message::Mend)
    }

    /// Compares with what upstream counted; true when the feed is to be taken anew.
    pub(super) fn checked(&mut self, node: &mut Node<Disk>, answer: &CheckAnswer) -> bool {
        let scan = self.scans.remove(&answer.scope);
        scan.is_some_and(|scan| node.apply_check(&scan, answer).is_ok_and(|differs| differs))
    }

    /// Asks for what upstream holds and this disk does not.
    pub(super) fn listed(&mut self, now_ms: i64, node: &mut Node<Disk>, list: &StreamList) -> Vec<Message> {
        debug_assert!(!list.more && list.streams.len() < STREAMS_MAX, "a world has few streams");
        let mut asked = Vec::new();
        for held in &list.streams {
            if let Ok(Some(from)) = node.wanted_from(held) {
                self.wanted.insert(held.stream, *held);
                asked.push(Message::Fetch(Fetch { stream: held.stream, from }));
            }
        }
        if asked.is_empty() {
            self.next_rebuild_ms = now_ms + REBUILD_EVERY_MS;
        }
        asked
    }

    /// Takes back what was given, and asks for what follows; says how many entries were taken.
    pub(super) fn given(
        &mut self,
        now_ms: i64,
        node: &mut Node<Disk>,
        upstream: &str,
        fetched: Fetched,
    ) -> (u64, Option<Message>) {
        let Some(batch) = fetched.batch else { return (0, None) };
        let (stream, from) = (batch.stream, batch.from);
        let Some(held) = self.wanted.get(&stream).copied() else { return (0, None) };
        let Ok(Some(through)) = node.take_back(&held, batch, upstream, now_ms) else { return (0, None) };
        let taken = through.0.saturating_sub(from.0.saturating_sub(1));
        let next = node.wanted_from(&held).ok().flatten();
        (taken, next.map(|from| Message::Fetch(Fetch { stream, from })))
    }

    /// Keeps how far head office holds a stream, as the agent says.
    pub(super) fn progressed(&mut self, now_ms: i64, node: &mut Node<Disk>, answer: &ProgressAnswer) {
        let outbox = node.outbox(HQ_MARK).unwrap_or_default();
        let Some(each) = outbox.into_iter().find(|each| each.stream == answer.stream) else { return };
        let through: Seq = answer.upstream_through.min(each.head);
        let lower = self.lower.entry(answer.stream).or_default();
        if through == each.acked {
            *lower = 0;
            return;
        }
        if through < each.acked {
            *lower += 1;
            if *lower < LOWER_AFTER {
                return;
            }
        }
        *lower = 0;
        // Lost with a full disk; asked again.
        let _ = node.keep_ack(HQ_MARK, answer.stream, through, now_ms);
    }
}
