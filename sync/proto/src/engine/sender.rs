//! The upstream side of the outbox: which entries to send, and when to try again.
//!
//! Level-triggered (R13): the state alone says what is pending, and whenever something is, [`Sender::wake_at`]
//! names a time. No write, event or reconnect is needed to set it going again.

mod terms;

use std::collections::{BTreeMap, VecDeque};

use crate::entry::StreamId;
use crate::hash::ChainHash;
use crate::ids::Seq;
use crate::wire::{Outcome, RefusalCode};

pub use terms::{Command, Input, SenderConfig};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Upstream's position is not known: greet.
    Unknown,
    /// Waiting for the answer to a hello until then.
    Greeting { until_ms: i64 },
    /// Sending.
    Flowing,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    to: Seq,
    len: usize,
    until_ms: i64,
}

#[derive(Debug)]
struct Flow {
    head: Seq,
    acked: Seq,
    sent: Seq,
    phase: Phase,
    in_flight: VecDeque<Flight>,
    /// The driver was told to send and has not said so yet.
    sending: bool,
    not_before_ms: i64,
    failures: u32,
}

impl Flow {
    fn pending(&self) -> bool {
        self.head > self.acked
    }

    fn forget_flight(&mut self) {
        self.in_flight.clear();
        self.sending = false;
        self.sent = self.acked;
        self.phase = Phase::Unknown;
    }
}

/// The engine of one link upstream.
#[derive(Debug)]
pub struct Sender {
    config: SenderConfig,
    /// State of the jitter; seeded by the driver, so that a run replays exactly.
    jitter: u64,
    flows: BTreeMap<StreamId, Flow>,
}

impl Sender {
    /// A sender that knows of no stream yet.
    pub const fn new(config: SenderConfig, jitter_seed: u64) -> Self {
        Self { config, jitter: jitter_seed, flows: BTreeMap::new() }
    }

    /// Limits and times in force.
    pub const fn config(&self) -> &SenderConfig {
        &self.config
    }

    /// Every command was obeyed before the database is looked at, so a difference is a failed
    /// [`Command::Keep`], or another path to the same upstream.
    fn on_head(&mut self, stream: StreamId, head: Seq, acked: Seq) {
        let flow = self.flows.entry(stream).or_insert_with(|| Flow {
            head,
            acked: acked.min(head),
            sent: acked.min(head),
            phase: Phase::Unknown,
            in_flight: VecDeque::new(),
            sending: false,
            not_before_ms: i64::MIN,
            failures: 0,
        });
        flow.head = flow.head.max(head);
        if acked != flow.acked {
            flow.acked = acked.min(flow.head);
            flow.forget_flight();
        }
    }

    /// Whether anything is not yet acknowledged by upstream.
    pub fn pending(&self) -> bool {
        self.flows.values().any(Flow::pending)
    }

    /// Entries not yet acknowledged, over all streams.
    pub fn pending_count(&self) -> u64 {
        self.flows.values().map(|flow| flow.head.0.saturating_sub(flow.acked.0)).sum()
    }

    /// When [`Input::Tick`] is due at the latest; `None` only if nothing is pending (R13).
    pub fn wake_at(&self) -> Option<i64> {
        self.flows.values().filter(|flow| flow.pending()).map(Self::flow_wake).min()
    }

    fn flow_wake(flow: &Flow) -> i64 {
        match flow.phase {
            Phase::Unknown => flow.not_before_ms,
            Phase::Greeting { until_ms } => until_ms,
            Phase::Flowing => flow.in_flight.front().map_or(flow.not_before_ms, |flight| flight.until_ms),
        }
    }

    /// Takes one input and says what to do.
    pub fn handle(&mut self, now_ms: i64, input: Input) -> Vec<Command> {
        let mut out = Vec::new();
        match input {
            Input::Head { stream, head, acked } => self.on_head(stream, head, acked),
            Input::LinkUp => {
                for flow in self.flows.values_mut() {
                    flow.forget_flight();
                    flow.not_before_ms = now_ms;
                    flow.failures = 0;
                }
            }
            Input::Sent { stream, to, len } => self.on_sent(now_ms, stream, to, len),
            Input::Greeted { stream, through, hash, local_hash } => {
                self.on_greeted(now_ms, stream, (through, hash), local_hash, &mut out);
            }
            Input::Replied { stream, outcome } => self.on_reply(now_ms, stream, outcome, &mut out),
            Input::Failed { stream } => self.back_off(now_ms, stream),
            Input::Tick => {}
        }
        self.expire(now_ms);
        self.advance(now_ms, &mut out);
        out
    }

    fn on_sent(&mut self, now_ms: i64, stream: StreamId, to: Seq, len: usize) {
        let until_ms = now_ms.saturating_add(self.config.reply_within_ms);
        if let Some(flow) = self.flows.get_mut(&stream) {
            if flow.sending && to > flow.sent {
                // The batch may reach past the last head that was told: the journal grew meanwhile.
                flow.head = flow.head.max(to);
                flow.sent = to;
                flow.in_flight.push_back(Flight { to, len, until_ms });
            }
            flow.sending = false;
        }
    }

    fn on_greeted(
        &mut self,
        now_ms: i64,
        stream: StreamId,
        (through, hash): (Seq, ChainHash),
        local_hash: Option<ChainHash>,
        out: &mut Vec<Command>,
    ) {
        let refused_until_ms = now_ms.saturating_add(self.config.refused_retry_ms);
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        flow.forget_flight();
        if through > flow.head {
            flow.not_before_ms = refused_until_ms;
            out.push(Command::UpstreamAhead { stream, through });
        } else if local_hash.is_some_and(|local| local != hash) {
            flow.not_before_ms = refused_until_ms;
            out.push(Command::Alarm { stream, outcome: None });
        } else {
            if through != flow.acked {
                out.push(Command::Keep { stream, through });
            }
            flow.acked = through;
            flow.sent = through;
            flow.phase = Phase::Flowing;
            flow.failures = 0;
            flow.not_before_ms = now_ms;
        }
    }

    fn on_reply(&mut self, now_ms: i64, stream: StreamId, outcome: Outcome, out: &mut Vec<Command>) {
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        match outcome {
            Outcome::Accepted { through } | Outcome::Duplicate { through } => {
                // Old replies may come again in any order (R10): only forward, and never beyond what we hold.
                if through > flow.acked && through <= flow.head {
                    flow.acked = through;
                    flow.sent = flow.sent.max(through);
                    flow.failures = 0;
                    out.push(Command::Keep { stream, through });
                }
                flow.in_flight.retain(|flight| flight.to > through);
            }
            Outcome::Gap { .. } => {
                // The receiver's view is older than ours (R11) or a batch was lost: ask where it stands.
                flow.forget_flight();
                flow.not_before_ms = now_ms;
                self.back_off_after(now_ms, stream, 2);
            }
            Outcome::SlowDown { wait_ms } => {
                flow.forget_flight();
                flow.not_before_ms = now_ms.saturating_add(i64::from(wait_ms));
            }
            Outcome::Refused { code: RefusalCode::Storage } => {
                // Its disk is full or it restarts: nothing of ours is wrong, so the usual back-off is enough.
                out.push(Command::Alarm { stream, outcome: Some(outcome) });
                self.back_off(now_ms, stream);
            }
            Outcome::StaleIncarnation { .. }
            | Outcome::BelowRetention { .. }
            | Outcome::TooLarge { .. }
            | Outcome::Refused { .. } => {
                flow.forget_flight();
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

    fn back_off(&mut self, now_ms: i64, stream: StreamId) {
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

    /// Full jitter: anything from one millisecond to the doubled wait (R30).
    fn jittered_wait_ms(&mut self, failures: u32) -> i64 {
        let doubled = self.config.retry_min_ms.saturating_mul(1i64 << failures.min(20));
        let ceiling = doubled.clamp(1, self.config.retry_max_ms.max(1));
        // SplitMix64; the seed comes from the driver.
        self.jitter = self.jitter.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.jitter;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let span = ceiling.unsigned_abs().max(1);
        i64::try_from((z ^ (z >> 31)) % span).unwrap_or(0) + 1
    }

    fn expire(&mut self, now_ms: i64) {
        let late: Vec<StreamId> = self
            .flows
            .iter()
            .filter(|(_, flow)| match flow.phase {
                Phase::Greeting { until_ms } => until_ms <= now_ms,
                Phase::Flowing => flow.in_flight.front().is_some_and(|flight| flight.until_ms <= now_ms),
                Phase::Unknown => false,
            })
            .map(|(stream, _)| *stream)
            .collect();
        for stream in late {
            self.back_off(now_ms, stream);
        }
    }

    fn advance(&mut self, now_ms: i64, out: &mut Vec<Command>) {
        let mut len_in_flight: usize =
            self.flows.values().flat_map(|flow| flow.in_flight.iter().map(|flight| flight.len)).sum();
        for (stream, flow) in &mut self.flows {
            if !flow.pending() || flow.not_before_ms > now_ms {
                continue;
            }
            match flow.phase {
                Phase::Unknown => {
                    flow.phase =
                        Phase::Greeting { until_ms: now_ms.saturating_add(self.config.reply_within_ms) };
                    out.push(Command::Greet { stream: *stream });
                }
                Phase::Flowing if flow.in_flight.is_empty() && !flow.sending && flow.sent > flow.acked => {
                    // Sent, not in flight and not acknowledged: whatever led here, ask where upstream stands.
                    flow.forget_flight();
                    flow.phase =
                        Phase::Greeting { until_ms: now_ms.saturating_add(self.config.reply_within_ms) };
                    out.push(Command::Greet { stream: *stream });
                }
                Phase::Flowing => {
                    let room = flow.in_flight.len() < self.config.in_flight_max
                        && len_in_flight < self.config.in_flight_len_max;
                    if room && !flow.sending && flow.head > flow.sent {
                        flow.sending = true;
                        len_in_flight = len_in_flight.saturating_add(self.config.batch_len_max);
                        out.push(Command::Send { stream: *stream, from: flow.sent.next() });
                    }
                }
                Phase::Greeting { .. } => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
