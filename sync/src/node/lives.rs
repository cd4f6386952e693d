//! Lives of the own journal: a new one is begun when the database turned out to be a copy, and what nobody else may
//! be able to tell apart any more is carried over into it (R4, R5).

use std::collections::BTreeMap;

use sync_proto::engine::Command;
use sync_proto::envelope::Envelope;
use sync_proto::fact::StreamOpened;
use sync_proto::rows::{RowChange, Table};
use sync_proto::{ChainHash, Decoded, Entry, EntryKey, Fact, Incarnation, Seq, Stamp, StreamId};

use super::{Node, NodeError};
use crate::store::{Commit, Store, StoreError, StreamRow};

sync_proto::table! {
    /// A life that ends for its upstreams at `through`. The entry at a place `n` behind it stands in the life `next` at
    /// `n - through + 1`, after that life's first entry.
    pub struct StreamCut in "stream_cuts" { stream: String } { through: i64, next: String }
}

/// Entries read at a time while a tail is carried over.
const CARRY_ENTRIES: u32 = 1_000;

impl<S: Store> Node<S> {
    /// Starts a new life of this device's journal, citing the one before (R4). Everything of the old life still goes
    /// upstream.
    pub fn reincarnate(&mut self, entropy: [u8; 16], why: &str, now: Stamp) -> Result<StreamId, NodeError> {
        let head = self.own_head()?;
        self.begin_life(entropy, head.seq, head.hash, why, now)
    }

    /// Starts a new life in which everything behind `common` of the present one stands again, byte for byte: upstream
    /// holds other entries under those keys, and both are kept apart (R4, R5). The old life ends at `common` for
    /// upstreams; here its entries stay as they are.
    pub fn branch(
        &mut self,
        entropy: [u8; 16],
        common: Seq,
        why: &str,
        now: Stamp,
    ) -> Result<StreamId, NodeError> {
        let hash = self.chain_at(self.own, common)?.ok_or_else(|| {
            NodeError::Store(StoreError::Damaged(format!("the journal does not hold its entry {common}")))
        })?;
        self.begin_life(entropy, common, hash, why, now)
    }

    /// Begins the new life that the engine asks for; false when the command asks for none, or for one that was begun
    /// meanwhile.
    pub fn begin_life_for(
        &mut self,
        command: &Command,
        entropy: [u8; 16],
        now: Stamp,
    ) -> Result<bool, NodeError> {
        match command {
            Command::UpstreamAhead { stream, agreed, .. } if *stream == self.own => {
                self.branch(entropy, *agreed, "upstream_ahead", now)?;
            }
            Command::Branch { stream, common } if *stream == self.own => {
                self.branch(entropy, *common, "forked", now)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn begin_life(
        &mut self,
        entropy: [u8; 16],
        common: Seq,
        hash: ChainHash,
        why: &str,
        now: Stamp,
    ) -> Result<StreamId, NodeError> {
        let old = self.own;
        let head = self.own_head()?;
        let opened = StreamOpened::new_device(self.me.station.clone(), self.me.role, self.me.terminal)
            .citing(old.incarnation, common, hash, why);
        let own = StreamId { device: self.me.device, incarnation: Incarnation(entropy) };
        let (row, first) = self.opening(own, opened, now)?;
        let mut commit =
            Commit { at_ms: now.wall_ms, streams: vec![row], append: vec![first], ..Commit::default() };
        if head.seq > common {
            self.carry(old, common, &mut commit)?;
            let through = i64::try_from(common.0).unwrap_or(i64::MAX);
            let cut = StreamCut { stream: old.to_text(), through, next: own.to_text() };
            commit.rows.push(RowChange { key: cut.row_key(), cells: Some(cut.into_cells()) });
            self.cuts.insert(old, common);
        }
        if let Err(why) = self.commit(&commit) {
            self.cuts.remove(&old);
            return Err(why);
        }
        self.own = own;
        self.take_feeds_over(now)?;
        Ok(own)
    }

    /// Appends what stands behind `common` once more, chained onto the new life.
    fn carry(&mut self, old: StreamId, common: Seq, commit: &mut Commit) -> Result<(), NodeError> {
        let mut from = common.next();
        loop {
            let page = self.store.entries(&old, from, CARRY_ENTRIES, usize::MAX)?;
            let Some(last) = page.last() else { return Ok(()) };
            from = last.key.seq.next();
            for entry in page {
                let Some(before) = commit.append.last() else { return Ok(()) };
                let key = EntryKey { stream: before.key.stream, seq: before.key.seq.next() };
                let hash = before.hash.chain(&entry.bytes);
                commit.append.push(Entry { key, bytes: entry.bytes, hash });
            }
        }
    }

    pub(super) fn opening(
        &self,
        own: StreamId,
        opened: StreamOpened,
        now: Stamp,
    ) -> Result<(StreamRow, Entry), NodeError> {
        let row = StreamRow::new(own, self.me.clone(), true);
        let head = row.head;
        let bytes = Envelope::new(now, None, Fact::StreamOpened(opened)).encode()?;
        let entry = Entry {
            key: EntryKey { stream: own, seq: head.seq.next() },
            hash: head.hash.chain(&bytes),
            bytes,
        };
        Ok((row, entry))
    }

    /// Reads where the lives before the present one end for upstreams.
    pub(super) fn read_cuts(&mut self, streams: &[StreamRow]) -> Result<(), NodeError> {
        for row in streams.iter().filter(|row| row.own) {
            let cut: Option<StreamCut> = self.get(&StreamCut::key(row.id.to_text()))?;
            if let Some(cut) = cut {
                self.cuts.insert(row.id, Seq(u64::try_from(cut.through).unwrap_or(0)));
            }
        }
        Ok(())
    }

    /// The present life of the device of `stream`, if `stream` is known to be an earlier one. Whoever contradicts what is
    /// held of a life that another follows is an older copy, and does not know it (R9). What merely goes on in an
    /// earlier life is none of that: it was not delivered in time, or another machine lives it, and it is taken (R4).
    pub(super) fn life_after(&mut self, stream: &StreamId) -> Result<Option<Incarnation>, NodeError> {
        let mut cited = BTreeMap::new();
        for row in self.store.streams()? {
            if row.id.device != stream.device || row.id == *stream {
                continue;
            }
            let first = self.store.entries(&row.id, Seq(1), 1, usize::MAX)?;
            let opened = first.first().filter(|entry| entry.key.seq == Seq(1)).and_then(opened_by);
            if let Some(previous) = opened.and_then(|opened| opened.previous) {
                cited.insert(previous, row.id.incarnation);
            }
        }
        let Some(mut current) = cited.remove(&stream.incarnation) else { return Ok(None) };
        // Each step takes one out, so that lives that cite each other end the walk too.
        while let Some(next) = cited.remove(&current) {
            current = next;
        }
        Ok(Some(current))
    }

    /// Where a stream ends for upstreams.
    pub(super) fn end_of(&self, stream: &StreamId, head: Seq) -> Seq {
        self.cuts.get(stream).map_or(head, |cut| head.min(*cut))
    }
}

/// What a stream's first entry says of it.
fn opened_by(first: &Entry) -> Option<StreamOpened> {
    let Ok(Decoded::Known(envelope)) = Envelope::decode(&first.bytes) else { return None };
    if let Fact::StreamOpened(opened) = envelope.fact { Some(opened) } else { None }
}
