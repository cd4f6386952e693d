//! `receive(peer, bytes) -> reply`: the one way in, whichever link the bytes came over.

use sync_proto::engine::judge_batch;
use sync_proto::engine::receiver::{Head, Verdict};
use sync_proto::project::{Posting, ProjectionError, read_posting};
use sync_proto::rows::Rows;
use sync_proto::wire::{
    Batch, HelloAnswer, Message, Outcome, ProgressAnswer, Receipt, RefusalCode, Reply, WireError,
    unframe_body,
};
use sync_proto::{ChainHash, Decoded, Entry, Envelope, Fact, Origin, Role, Seq, StreamId};

use super::{Node, NodeError};
use crate::codec;
use crate::peer::Peer;
use crate::store::{Commit, Quarantined, Store, StreamRow};

impl<S: Store> Node<S> {
    /// Answers one message of a peer. Whatever the bytes are, the answer is either a reply or a typed error,
    /// and what was stored is stored whole.
    ///
    /// `upstream` is the name of this node's own upstream, for progress questions.
    pub fn receive(
        &mut self,
        peer: &Peer,
        bytes: &[u8],
        upstream: &str,
        now_ms: i64,
    ) -> Result<Vec<u8>, WireError> {
        let reply = match Message::decode(bytes)? {
            Message::Hello(hello) => Reply::Hello(self.on_hello(peer, &hello.stream)),
            Message::Batch(batch) => Reply::Receipt(Receipt {
                stream: batch.stream,
                outcome: self.on_batch(peer, &batch, now_ms).unwrap_or_else(|why| {
                    tracing::error!(%why, stream = ?batch.stream, "a batch could not be stored");
                    Outcome::Refused { code: RefusalCode::Storage }
                }),
            }),
            Message::Pull(pull) => {
                if !peer.may_pull(&pull.scope) {
                    return Err(WireError::Value("scope"));
                }
                Reply::Pull(self.answer_pull(&pull, now_ms).map_err(|why| {
                    tracing::error!(%why, "a feed could not be read");
                    WireError::Value("scope")
                })?)
            }
            Message::Progress(progress) => {
                if !peer.may_send(&progress.stream) {
                    return Err(WireError::Value("stream"));
                }
                Reply::Progress(self.on_progress(peer, &progress.stream, upstream))
            }
        };
        Ok(reply.encode())
    }

    fn on_hello(&mut self, peer: &Peer, stream: &StreamId) -> HelloAnswer {
        let nothing = HelloAnswer { stream: *stream, through: Seq::NONE, hash: ChainHash::genesis(stream) };
        if !peer.may_send(stream) {
            return nothing;
        }
        match self.store.stream(stream) {
            Ok(Some(row)) if row.origin.station == peer.station => {
                HelloAnswer { stream: *stream, through: row.head.seq, hash: row.head.hash }
            }
            _ => nothing,
        }
    }

    fn on_progress(&mut self, peer: &Peer, stream: &StreamId, upstream: &str) -> ProgressAnswer {
        let known = self.store.stream(stream).ok().flatten().filter(|row| row.origin.station == peer.station);
        let through = known.map_or(Seq::NONE, |row| row.head.seq);
        let upstream_through = if through == Seq::NONE {
            Seq::NONE
        } else {
            self.store.ack(upstream, stream).unwrap_or_default()
        };
        ProgressAnswer { stream: *stream, through, upstream_through }
    }

    fn on_batch(&mut self, peer: &Peer, batch: &Batch, now_ms: i64) -> Result<Outcome, NodeError> {
        let refused = |code| Ok(Outcome::Refused { code });
        if !peer.may_send(&batch.stream) || batch.stream == self.own {
            return refused(RefusalCode::Forbidden);
        }
        let body = match codec::unpack(batch) {
            Ok(body) => body,
            Err(why) => {
                tracing::warn!(%why, ?peer, "a batch does not unpack");
                return refused(RefusalCode::Malformed);
            }
        };
        let Ok(payloads) = unframe_body(&body, batch.count) else { return refused(RefusalCode::Malformed) };
        let known = self.store.stream(&batch.stream)?;
        // Before anything is compared: an answer would tell another station how far this one is, and what differs
        // would be kept as a fork.
        if known.as_ref().is_some_and(|row| row.origin.station != peer.station) {
            return refused(RefusalCode::Forbidden);
        }
        let head = known
            .as_ref()
            .map_or_else(|| Head { seq: Seq::NONE, hash: ChainHash::genesis(&batch.stream) }, |row| row.head);
        let stored_last =
            if batch.to() <= head.seq { self.store.hash_at(&batch.stream, batch.to())? } else { None };
        match judge_batch(head, stored_last, batch, &payloads) {
            Verdict::Reply(outcome) => Ok(outcome),
            Verdict::Fork(entries) => {
                tracing::error!(stream = ?batch.stream, "two different entries under one key; both are kept");
                self.commit(&Commit { at_ms: now_ms, forks: entries, ..Commit::default() })?;
                refused(RefusalCode::Forked)
            }
            Verdict::Append(entries) => {
                let origin = match &known {
                    Some(row) => Some(row.origin.clone()),
                    None => introduced_by(peer, entries.first()),
                };
                match origin {
                    Some(origin) => self.store_batch(known.is_none(), &origin, entries, now_ms),
                    None => refused(RefusalCode::Forbidden),
                }
            }
        }
    }

    fn store_batch(
        &mut self,
        new: bool,
        origin: &Origin,
        entries: Vec<Entry>,
        now_ms: i64,
    ) -> Result<Outcome, NodeError> {
        let mut commit = Commit { at_ms: now_ms, ..Commit::default() };
        let Some(stream) = entries.first().map(|entry| entry.key.stream) else {
            return Ok(Outcome::Refused { code: RefusalCode::Malformed });
        };
        if new {
            commit.streams.push(StreamRow::new(stream, origin.clone(), false));
        }
        let mut rows = Rows::default();
        for entry in &entries {
            self.project_or_quarantine(origin, entry, &mut rows, &mut commit)?;
        }
        let through = entries.last().map_or(Seq::NONE, |entry| entry.key.seq);
        commit.append = entries;
        commit.rows = rows.into_changes();
        self.commit(&commit)?;
        Ok(Outcome::Accepted { through })
    }

    /// Projects one stored entry; what cannot be projected steps aside with its reason and its money (R14).
    fn project_or_quarantine(
        &mut self,
        origin: &Origin,
        entry: &Entry,
        rows: &mut Rows,
        commit: &mut Commit,
    ) -> Result<(), NodeError> {
        let posting = match read_posting(origin, entry) {
            Ok(Some(posting)) => posting,
            Ok(None) => return Ok(()),
            Err(why) => {
                let reason = why.to_string();
                commit.quarantine.push(Quarantined { key: entry.key, reason, amount: None });
                return Ok(());
            }
        };
        self.fetch(&posting, rows)?;
        let before = rows.savepoint();
        let projected = if posting.envelope.fact.may_be_written_by(origin.role) {
            self.project_guarded(&posting, rows)
        } else {
            let (kind, role) = (posting.envelope.fact.type_name(), origin.role.as_str());
            Err(ProjectionError::Rejected(format!(
                "{kind} is not for the journal of a device of role {role}"
            )))
        };
        if let Err(why) = projected {
            rows.roll_back(before);
            tracing::warn!(%why, key = ?entry.key, "an entry went to quarantine");
            let amount = posting.envelope.fact.money().map(|money| money.0);
            commit.quarantine.push(Quarantined { key: entry.key, reason: why.to_string(), amount });
        }
        Ok(())
    }

    /// A projector that panics is a defect of ours, and no reason to stop anybody else's entries.
    fn project_guarded(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        let attempt =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.projection.project(posting, rows)));
        attempt.unwrap_or_else(|_| {
            Err(ProjectionError::Rejected("the projector failed on this entry".to_owned()))
        })
    }
}

/// Who writes a stream that is new here: its first entry says so, and the link's peer must bear it out.
fn introduced_by(peer: &Peer, first: Option<&Entry>) -> Option<Origin> {
    let first = first.filter(|entry| entry.key.seq == Seq(1))?;
    let Ok(Decoded::Known(envelope)) = Envelope::decode(&first.bytes) else { return None };
    let Fact::StreamOpened(opened) = envelope.fact else { return None };
    let device = first.key.stream.device;
    let borne_out = if device == peer.device {
        opened.role == peer.role && opened.terminal == peer.terminal
    } else {
        // An agent forwards its tills' journals, and nobody else's.
        opened.role == Role::Terminal && opened.terminal.is_some()
    };
    (opened.station == peer.station && borne_out).then_some(Origin {
        station: opened.station,
        device,
        role: opened.role,
        terminal: opened.terminal,
    })
}
