//! Whether a range that was acknowledged is still there, and which range to ask for next (R29).

use std::collections::BTreeMap;

use crate::entry::{Entry, StreamId};
use crate::hash::ChainHash;
use crate::ids::Seq;
use crate::wire::{AUDIT_ENTRIES_MAX, Audit, Finding};

/// Compares an audited range with what is stored: `rows` are those of its places that are stored, in order.
///
/// A stored entry holds when its hash follows from the one before it. Behind a bad one nothing says whether the next
/// holds, so that one counts as bad too.
pub fn inspect(audit: &Audit, rows: &[Entry]) -> Finding {
    let mut rows = rows.iter().filter(|row| row.key.seq >= audit.from && row.key.seq <= audit.to).peekable();
    let mut chain = Some(audit.prev_hash);
    let mut last_bad: Option<(Seq, Seq)> = None;
    let mut seq = audit.from;
    while seq <= audit.to {
        let row = rows.next_if(|row| row.key.seq == seq);
        let follows = matches!((row, chain), (Some(row), Some(chain)) if row.hash == chain.chain(&row.bytes));
        if !follows {
            last_bad = match last_bad {
                Some((from, to)) if to.next() == seq => Some((from, seq)),
                _ => Some((seq, seq)),
            };
        }
        // An entry that does not follow says nothing of the next, one that could not be judged does.
        chain = match (row, chain) {
            (Some(row), _) if follows => Some(row.hash),
            (Some(row), None) => Some(row.hash),
            _ => None,
        };
        seq = seq.next();
    }
    match (last_bad, chain) {
        // It goes on by itself and ends elsewhere: two chains, not a hole.
        (_, Some(chain)) if chain != audit.last_hash => Finding::Parted,
        (Some((from, to)), _) => Finding::Bad { from, to },
        (None, _) => Finding::Whole,
    }
}

/// Whether entries sent again are those that stood there: the chain after them must be the one that the next entry
/// here, or the stream's head, was built on. `next` is the stored entry behind the last of them.
pub fn is_proven(last_hash: ChainHash, next: Option<&Entry>, head_after: Option<ChainHash>) -> bool {
    match (next, head_after) {
        (_, Some(head)) => head == last_hash,
        (Some(next), None) => next.hash == last_hash.chain(&next.bytes),
        (None, None) => false,
    }
}

/// A stream that upstream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audited {
    /// Which stream.
    pub stream: StreamId,
    /// Up to here its entries were purged here: they cannot be compared.
    pub floor: Seq,
    /// Acknowledged up to here.
    pub acked: Seq,
}

/// A range to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Which stream.
    pub stream: StreamId,
    /// First place.
    pub from: Seq,
    /// Last place.
    pub to: Seq,
}

/// Walks every stream from its newest acknowledged entry to its oldest, one range after the other, then anew.
#[derive(Debug, Clone, Default)]
pub struct AuditRound {
    /// Down to which place each stream was audited in this round.
    reached: BTreeMap<StreamId, Seq>,
}

impl AuditRound {
    /// The next range: the newest of each stream first, then down the streams in turn. `None` when the round is
    /// over; the next call begins another.
    pub fn next(&mut self, streams: &[Audited]) -> Option<Range> {
        let open = streams.iter().filter(|each| each.acked > each.floor);
        let next = open
            .map(|each| {
                let reached =
                    self.reached.get(&each.stream).map(|reached| each.acked.0.saturating_sub(reached.0));
                // How far it went down; those that were not begun come first.
                (reached.map_or(0, |depth| depth.saturating_add(1)), each)
            })
            .filter(|(_, each)| {
                self.reached
                    .get(&each.stream)
                    .is_none_or(|reached| reached.0 > each.floor.0.saturating_add(1))
            })
            .min_by_key(|(depth, _)| *depth)
            .map(|(_, each)| each);
        let Some(each) = next else {
            self.reached.clear();
            return None;
        };
        let to =
            self.reached.get(&each.stream).map_or(each.acked, |reached| Seq(reached.0.saturating_sub(1)));
        let from = Seq(to.0.saturating_sub(AUDIT_ENTRIES_MAX - 1)).max(each.floor.next());
        self.reached.insert(each.stream, from);
        Some(Range { stream: each.stream, from, to })
    }

    /// Begins anew: the link was down, so upstream may have been put back.
    pub fn restart(&mut self) {
        self.reached.clear();
    }
}

#[cfg(test)]
mod tests;
