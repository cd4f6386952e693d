//! What upstream said to a batch, and when to try again.

use super::flow::Phase;
use super::{Command, Sender};
use crate::entry::StreamId;
use crate::wire::{Outcome, Receipt, RefusalCode};

impl Sender {
    pub(super) fn on_reply(&mut self, now_ms: i64, receipt: Receipt, out: &mut Vec<Command>) {
        let Receipt { stream, outcome, credit } = receipt;
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        if let Outcome::Accepted { through } | Outcome::Duplicate { through } = outcome {
            self.budget.earn();
            // Old replies may come again in any order (R10): only forward, and never beyond what we hold.
            if through > flow.acked && through <= flow.head {
                flow.acked = through;
                flow.sent = flow.sent.max(through);
                flow.failures = 0;
                flow.entries_max = flow.entries_max.saturating_mul(2).min(self.config.batch_entries_max);
                flow.window = flow.window.saturating_add(1).min(self.config.in_flight_max);
                out.push(Command::Keep { stream, through });
            }
            flow.in_flight.retain(|flight| flight.to > through);
            if flow.phase == Phase::Flowing {
                flow.take_credit(now_ms, credit, self.config.server_wait_ms_max);
            }
        } else if flow.phase == Phase::Flowing {
            self.on_refusal(now_ms, stream, outcome, out);
        }
        // Otherwise it is about a batch whose flight was given up: where upstream stands is being asked already.
    }

    fn on_refusal(&mut self, now_ms: i64, stream: StreamId, outcome: Outcome, out: &mut Vec<Command>) {
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        flow.forget_flight();
        flow.not_before_ms = now_ms;
        match outcome {
            Outcome::Gap { .. } => {
                // A batch was lost, or overtaken by the next: with one at a time that cannot be.
                flow.window = 1;
                self.back_off_after(now_ms, stream, 2);
            }
            // Its view is not ours: it is older (R11), keeps less, or somebody else sent other entries under these keys
            // between its hello and this batch (R5). Ask where it stands.
            Outcome::BelowRetention { .. } | Outcome::Refused { code: RefusalCode::Forked } => {
                self.back_off_after(now_ms, stream, 2);
            }
            // This database is an older copy of one that has begun another life since: the hello finds from where on,
            // and what upstream does not hold is carried over into a new life.
            Outcome::StaleIncarnation { .. } if flow.own => self.back_off_after(now_ms, stream, 2),
            Outcome::SlowDown { wait_ms } => {
                let wait_ms = i64::from(wait_ms).min(self.config.server_wait_ms_max);
                flow.not_before_ms = now_ms.saturating_add(wait_ms);
            }
            Outcome::TooLarge { .. } if flow.entries_max > 1 => {
                flow.entries_max = (flow.entries_max / 2).max(1);
            }
            Outcome::Refused { code: RefusalCode::Storage } => {
                // Its disk is full or it restarts: nothing of ours is wrong, so the usual back-off is enough.
                out.push(Command::Alarm { stream, outcome: Some(outcome) });
                self.back_off(now_ms, stream);
            }
            _ => {
                flow.not_before_ms = now_ms.saturating_add(self.config.refused_retry_ms);
                out.push(Command::Alarm { stream, outcome: Some(outcome) });
            }
        }
    }

    /// Backs off only from the `free`th failure in a row on; the first is answered at once.
    fn back_off_after(&mut self, now_ms: i64, stream: StreamId, free: u32) {
        let failures = self.flows.get(&stream).map_or(0, |flow| flow.failures);
        if failures + 1 >= free {
            self.back_off(now_ms, stream);
        } else if let Some(flow) = self.flows.get_mut(&stream) {
            flow.failures += 1;
        }
    }

    pub(super) fn back_off(&mut self, now_ms: i64, stream: StreamId) {
        let failures = match self.flows.get_mut(&stream) {
            Some(flow) => {
                flow.forget_flight();
                flow.failures = flow.failures.saturating_add(1);
                flow.failures
            }
            None => return,
        };
        let wait_ms = self.jittered_wait_ms(failures);
        if let Some(flow) = self.flows.get_mut(&stream) {
            flow.not_before_ms = now_ms.saturating_add(wait_ms);
        }
    }

    /// Full jitter: anything from one millisecond to the doubled wait; beyond the budget the longest, with half of it
    /// left to chance (R30).
    fn jittered_wait_ms(&mut self, failures: u32) -> i64 {
        if !self.budget.spend() {
            let half = self.config.retry_max_ms.max(2) / 2;
            return half.saturating_add(self.jitter.below(half)) + 1;
        }
        let doubled = self.config.retry_min_ms.saturating_mul(1i64 << failures.min(20));
        let ceiling = doubled.clamp(1, self.config.retry_max_ms.max(1));
        self.jitter.below(ceiling) + 1
    }
}
