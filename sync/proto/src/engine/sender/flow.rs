//! How far one stream is with upstream.

use std::collections::VecDeque;

use super::search::Search;
use crate::ids::Seq;
use crate::wire::Credit;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Upstream's position is not known: greet.
    Unknown,
    /// Waiting for the answer to a hello until then.
    Greeting { until_ms: i64 },
    /// Sending.
    Flowing,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    pub(super) to: Seq,
    pub(super) len: usize,
    pub(super) until_ms: i64,
}

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) head: Seq,
    pub(super) acked: Seq,
    pub(super) sent: Seq,
    pub(super) phase: Phase,
    pub(super) in_flight: VecDeque<Flight>,
    /// The driver was told to send and has not said so yet.
    pub(super) sending: bool,
    pub(super) not_before_ms: i64,
    pub(super) failures: u32,
    /// This device writes it, in its present life.
    pub(super) own: bool,
    /// With nothing pending, both sides are compared again from then on.
    pub(super) verify_at_ms: i64,
    /// Both sides differ, and it is not known yet from where on.
    pub(super) search: Option<Search>,
    /// Entries of a batch; fewer than the limit after one was too large.
    pub(super) entries_max: u32,
    /// Batches that upstream lets be on their way; none after it said to wait (R15).
    pub(super) credit: usize,
    /// Batches that this end has on their way at most: one after a gap, one more with each that arrives (R15).
    pub(super) window: usize,
}

impl Flow {
    pub(super) const fn pending(&self) -> bool {
        self.head.0 > self.acked.0
    }

    /// Whether there is something to say to upstream at `now_ms`, apart from waiting.
    pub(super) const fn wants(&self, now_ms: i64) -> bool {
        self.pending() || self.search.is_some() || self.verify_at_ms <= now_ms
    }

    /// Upstream said to wait, and everything sent before was answered: it has to be asked anew.
    pub(super) fn has_to_ask(&self) -> bool {
        self.credit == 0 && self.in_flight.is_empty() && !self.sending
    }

    /// Whether another batch may be sent as far as this stream goes.
    pub(super) fn has_room(&self) -> bool {
        self.in_flight.len() < self.credit.min(self.window)
    }

    /// Upstream said what may be on its way from now on.
    pub(super) fn take_credit(&mut self, now_ms: i64, credit: Credit, wait_ms_max: i64) {
        match credit {
            Credit::Batches(batches) => self.credit = usize::from(batches),
            Credit::Wait { ms } => {
                self.credit = 0;
                self.not_before_ms = now_ms.saturating_add(i64::from(ms).min(wait_ms_max));
            }
        }
    }

    /// The place that the next hello names.
    pub(super) fn greet_at(&self) -> Seq {
        self.search.map_or(self.head, |search| search.probe)
    }

    pub(super) fn forget_flight(&mut self) {
        self.in_flight.clear();
        self.sending = false;
        self.sent = self.acked;
        self.phase = Phase::Unknown;
    }
}
