//! Batches that wait together are stored together: one transaction, one wait for the disk (group commit).

use std::collections::BTreeMap;

use sync_proto::engine::judge_batch;
use sync_proto::engine::receiver::{Head, Verdict};
use sync_proto::rows::Rows;
use sync_proto::wire::{Batch, Credit, Outcome, Receipt, RefusalCode};
use sync_proto::{ChainHash, Entry, Origin, Seq, StreamId};

use super::incoming::{Content, Incoming, OpenBatch, ReadFact, read_fact};
use super::quarantine::set_aside;
use super::receive::introduced_by;
use super::{Node, NodeError};
use crate::peer::Peer;
use crate::store::{Commit, Store, StreamRow};

/// What a sender is let have on its way as far as its stream goes; whoever answers for all of them may say less (R15).
const fn credit_after(outcome: Outcome) -> Credit {
    match outcome {
        Outcome::Gap { .. } => Credit::ONE,
        _ => Credit::FULL,
    }
}

/// Batches that become durable with the next commit, and their answers.
#[derive(Debug, Default)]
struct Gathered {
    commit: Commit,
    rows: Rows,
    /// Streams that the commit continues, as they will stand after it.
    streams: BTreeMap<StreamId, StreamRow>,
    /// What the batches are answered once it is durable, by their place in the group, and as they came.
    members: Vec<(usize, Receipt, (Peer, Batch))>,
}

impl<S: Store> Node<S> {
    /// Answers batches, in order, storing as many as possible in one commit. Each is judged by itself: a bad one has
    /// its own answer and harms no other. An answer is given only after the commit that it speaks of (R10).
    ///
    /// What is no batch is passed over: `None` is its answer.
    pub fn answer_batches(&mut self, group: Vec<Incoming>, now_ms: i64) -> Vec<Option<Receipt>> {
        let mut answers: Vec<Option<Receipt>> = vec![None; group.len()];
        let mut gathered = Gathered::default();
        for (place, incoming) in group.into_iter().enumerate() {
            let Content::Batch(open) = incoming.content else { continue };
            self.take(place, &incoming.peer, *open, &mut gathered, &mut answers, now_ms);
        }
        self.settle(gathered, &mut answers, now_ms);
        answers
    }

    /// Adds a batch to what is gathered if it simply goes on where its stream ends; whatever else it is, it is looked
    /// at only once everything before it is durable.
    fn take(
        &mut self,
        place: usize,
        peer: &Peer,
        open: OpenBatch,
        gathered: &mut Gathered,
        answers: &mut [Option<Receipt>],
        now_ms: i64,
    ) {
        let stream = open.batch.stream;
        let follows = gathered.streams.get(&stream).is_none_or(|row| {
            open.batch.from == row.head.seq.next() && open.batch.prev_hash == row.head.hash
        });
        if !follows {
            self.settle(std::mem::take(gathered), answers, now_ms);
        }
        let outcome = self.gather(place, peer, open, gathered, now_ms).unwrap_or_else(|why| {
            tracing::error!(%why, ?stream, "a batch could not be stored");
            Some(Outcome::Refused { code: RefusalCode::Storage })
        });
        if let (Some(outcome), Some(answer)) = (outcome, answers.get_mut(place)) {
            *answer = Some(Receipt { stream, outcome, credit: credit_after(outcome) });
        }
    }

    /// Commits what is gathered, then answers. If that fails as a whole, each batch has its own try: what was wrong with
    /// one is no reason to refuse the others.
    fn settle(&mut self, gathered: Gathered, answers: &mut [Option<Receipt>], now_ms: i64) {
        let Gathered { mut commit, rows, members, .. } = gathered;
        if members.is_empty() {
            return;
        }
        commit.at_ms = now_ms;
        commit.rows.extend(rows.into_changes());
        let failed = self.commit(&commit).err();
        let alone = members.len() == 1;
        for (place, mut receipt, (peer, batch)) in members {
            if let Some(why) = &failed {
                receipt.outcome = if alone {
                    tracing::error!(%why, stream = ?receipt.stream, "a batch could not be stored");
                    Outcome::Refused { code: RefusalCode::Storage }
                } else {
                    tracing::warn!(%why, "batches could not be stored together and are stored one by one");
                    self.store_alone(&peer, None, batch, now_ms)
                };
            }
            if let Some(answer) = answers.get_mut(place) {
                *answer = Some(receipt);
            }
        }
    }

    /// Stores one batch by itself. `row` is there for a stream that is new here and that upstream gave back.
    pub(super) fn store_alone(
        &mut self,
        from: &Peer,
        row: Option<StreamRow>,
        batch: Batch,
        now_ms: i64,
    ) -> Outcome {
        let mut gathered = Gathered::default();
        if let Some(row) = row {
            gathered.commit.streams.push(row.clone());
            gathered.streams.insert(row.id, row);
        }
        let mut answers = [None];
        self.take(0, from, OpenBatch::open(from, batch), &mut gathered, &mut answers, now_ms);
        self.settle(gathered, &mut answers, now_ms);
        let [answer] = answers;
        answer.map_or(Outcome::Refused { code: RefusalCode::Storage }, |receipt| receipt.outcome)
    }

    /// Judges a batch. `None` when it is gathered: its answer comes with the commit.
    fn gather(
        &mut self,
        place: usize,
        peer: &Peer,
        open: OpenBatch,
        gathered: &mut Gathered,
        now_ms: i64,
    ) -> Result<Option<Outcome>, NodeError> {
        let OpenBatch { batch, entries, facts } = open;
        let refused = |code| Ok(Some(Outcome::Refused { code }));
        if !peer.may_send(&batch.stream) || batch.stream == self.own {
            return refused(RefusalCode::Forbidden);
        }
        let known = match gathered.streams.get(&batch.stream) {
            Some(row) => Some(row.clone()),
            None => self.store.stream(&batch.stream)?,
        };
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
        let oldest = known.as_ref().map_or(Seq(1), |row| row.purged.seq.next());
        match judge_batch(head, oldest, stored_last, &batch, entries) {
            Verdict::Reply(outcome) => Ok(Some(outcome)),
            Verdict::Fork(entries) => {
                tracing::error!(stream = ?batch.stream, "two different entries under one key; both are kept");
                if let Some(row) = &known {
                    self.keep_forks(&row.origin, entries, now_ms)?;
                }
                Ok(Some(match self.life_after(&batch.stream)? {
                    Some(current) => Outcome::StaleIncarnation { current },
                    None => Outcome::Refused { code: RefusalCode::Forked },
                }))
            }
            Verdict::Append(entries) => {
                let row = match known {
                    Some(row) => row,
                    None => match introduced_by(peer, entries.first()) {
                        Some(origin) => {
                            let row = StreamRow::new(batch.stream, origin, false);
                            gathered.commit.streams.push(row.clone());
                            row
                        }
                        None => return refused(RefusalCode::Forbidden),
                    },
                };
                let through = entries.last().map_or(head.seq, |entry| entry.key.seq);
                self.append(gathered, row, entries, facts, now_ms)?;
                let (stream, outcome) = (batch.stream, Outcome::Accepted { through });
                let receipt = Receipt { stream, outcome, credit: credit_after(outcome) };
                gathered.members.push((place, receipt, (peer.clone(), batch)));
                Ok(None)
            }
        }
    }

    /// Adds entries, which continue `row`'s head, with what follows from them. After an error nothing was added.
    fn append(
        &mut self,
        gathered: &mut Gathered,
        mut row: StreamRow,
        entries: Vec<Entry>,
        facts: Vec<ReadFact>,
        now_ms: i64,
    ) -> Result<(), NodeError> {
        let before = gathered.rows.savepoint();
        let held = (gathered.commit.append.len(), gathered.commit.rows.len());
        let skipped = facts.len().saturating_sub(entries.len());
        for (entry, fact) in entries.into_iter().zip(facts.into_iter().skip(skipped)) {
            row.head = Head { seq: entry.key.seq, hash: entry.hash };
            if let Err(why) = self.post(&row.origin, entry, fact, gathered, now_ms) {
                gathered.rows.roll_back(before);
                gathered.commit.append.truncate(held.0);
                gathered.commit.rows.truncate(held.1);
                if !gathered.streams.contains_key(&row.id) {
                    gathered.commit.streams.retain(|new| new.id != row.id);
                }
                return Err(why);
            }
        }
        gathered.streams.insert(row.id, row);
        Ok(())
    }

    /// A commit that appends entries of a journal that was set aside, with what follows from those that `counts` says.
    pub(super) fn taken_over(
        &mut self,
        commit: Commit,
        origin: &Origin,
        entries: Vec<Entry>,
        counts: impl Fn(Seq) -> bool,
    ) -> Result<Commit, NodeError> {
        let now_ms = commit.at_ms;
        let mut gathered = Gathered { commit, ..Gathered::default() };
        for entry in entries {
            let fact = if counts(entry.key.seq) { read_fact(&entry.bytes) } else { Ok(None) };
            self.post(origin, entry, fact, &mut gathered, now_ms)?;
        }
        gathered.commit.rows.extend(gathered.rows.into_changes());
        Ok(gathered.commit)
    }

    /// Projects one entry; what cannot be projected steps aside with its reason and its money (R14).
    fn post(
        &mut self,
        origin: &Origin,
        entry: Entry,
        fact: ReadFact,
        gathered: &mut Gathered,
        now_ms: i64,
    ) -> Result<(), NodeError> {
        let Gathered { commit, rows, .. } = gathered;
        if let Some(trouble) = self.project_entry(origin, &entry, fact, rows)? {
            commit.rows.push(set_aside(origin, &entry, trouble, now_ms));
        }
        commit.append.push(entry);
        Ok(())
    }
}
