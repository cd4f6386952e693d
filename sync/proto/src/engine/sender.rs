//! The upstream side of the outbox: which entries to send, and when to try again.
//!
//! Level-triggered (R13): the state alone says what is pending, and whenever something is, [`Sender::wake_at`]
//! names a time. No write, event or reconnect is needed to set it going again.

mod jitter;
mod search;
mod terms;

use std::collections::{BTreeMap, VecDeque};

use crate::entry::StreamId;
use crate::ids::Seq;
use crate::wire::{Outcome, RefusalCode};

use jitter::Jitter;
use search::Search;

pub use terms::{Agreement, Command, Greeted, Input, SenderConfig};

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
    /// This device writes it, in its present life.
    own: bool,
    /// With nothing pending, both sides are compared again from then on.
    verify_at_ms: i64,
    /// Both sides differ, and it is not known yet from where on.
    search: Option<Search>,
    /// Entries of a batch; fewer than the limit after one was too large.
    entries_max: u32,
}

impl Flow {
    const fn pending(&self) -> bool {
        self.head.0 > self.acked.0
    }

    /// Whether there is something to say to upstream at `now_ms`, apart from waiting.
    const fn wants(&self, now_ms: i64) -> bool {
        self.pending() || self.search.is_some() || self.verify_at_ms <= now_ms
    }

    /// The place that the next hello names.
    fn greet_at(&self) -> Seq {
        self.search.map_or(self.head, |search| search.probe)
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
    jitter: Jitter,
    flows: BTreeMap<StreamId, Flow>,
}

impl Sender {
    /// A sender that knows of no stream yet.
    pub const fn new(config: SenderConfig, jitter_seed: u64) -> Self {
        Self { config, jitter: Jitter::seeded(jitter_seed), flows: BTreeMap::new() }
    }

    /// Limits and times in force.
    pub const fn config(&self) -> &SenderConfig {
        &self.config
    }

    /// Every command was obeyed before the database is looked at, so a difference is a failed
    /// [`Command::Keep`], or another path to the same upstream.
    fn on_head(&mut self, now_ms: i64, stream: StreamId, head: Seq, acked: Seq, own: bool) {
        let entries_max = self.config.batch_entries_max;
        let flow = self.flows.entry(stream).or_insert_with(|| Flow {
            head,
            acked: acked.min(head),
            sent: acked.min(head),
            phase: Phase::Unknown,
            in_flight: VecDeque::new(),
            sending: false,
            not_before_ms: i64::MIN,
            failures: 0,
            own,
            verify_at_ms: now_ms,
            search: None,
            entries_max,
        });
        if flow.own && !own {
            // A new life was begun: the old one ends where it says now, and nothing of it is looked for any more.
            flow.own = false;
            flow.head = head;
            flow.acked = acked.min(head);
            flow.search = None;
            flow.not_before_ms = now_ms;
            flow.forget_flight();
        }
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

    /// When [`Input::Tick`] is due at the latest; `None` only if no stream is known (R13).
    pub fn wake_at(&self) -> Option<i64> {
        self.flows.values().map(Self::flow_wake).min()
    }

    fn flow_wake(flow: &Flow) -> i64 {
        match flow.phase {
            Phase::Greeting { until_ms } => until_ms,
            _ if !flow.pending() && flow.search.is_none() => flow.verify_at_ms.max(flow.not_before_ms),
            Phase::Unknown => flow.not_before_ms,
            Phase::Flowing => flow.in_flight.front().map_or(flow.not_before_ms, |flight| flight.until_ms),
        }
    }

    /// Takes one input and says what to do.
    pub fn handle(&mut self, now_ms: i64, input: Input) -> Vec<Command> {
        let mut out = Vec::new();
        match input {
            Input::Head { stream, head, acked, own } => self.on_head(now_ms, stream, head, acked, own),
            Input::LinkUp => self.on_link_up(now_ms),
            Input::Sent { stream, to, len } => self.on_sent(now_ms, stream, to, len),
            Input::Greeted(greeted) => self.on_greeted(now_ms, greeted, &mut out),
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

    /// Whatever was agreed before may be gone: upstream may be an older copy of itself by now (R11).
    fn on_link_up(&mut self, now_ms: i64) {
        let streams: Vec<StreamId> = self.flows.keys().copied().collect();
        for stream in streams {
            let wait_ms = self.jitter.below(self.config.verify_spread_ms);
            let Some(flow) = self.flows.get_mut(&stream) else { continue };
            flow.forget_flight();
            flow.failures = 0;
            flow.verify_at_ms = now_ms.saturating_add(wait_ms);
            flow.not_before_ms = now_ms;
        }
    }

    fn on_greeted(&mut self, now_ms: i64, greeted: Greeted, out: &mut Vec<Command>) {
        let Greeted { stream, through, .. } = greeted;
        let refused_until_ms = now_ms.saturating_add(self.config.refused_retry_ms);
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        if flow.phase == Phase::Flowing {
            // An answer that came late or twice (R10): what has been settled since is newer.
            return;
        }
        if let Some(search) = &mut flow.search {
            if greeted.last == search.probe {
                search.told(greeted.agrees_last);
                flow.phase = Phase::Unknown;
                flow.not_before_ms = now_ms;
                self.end_search(now_ms, stream, out);
            }
            return;
        }
        flow.forget_flight();
        let agreement = if through > flow.head { greeted.agrees_last } else { greeted.agrees };
        match agreement {
            Agreement::Same if through > flow.head && flow.own => {
                flow.not_before_ms = refused_until_ms;
                out.push(Command::UpstreamAhead { stream, through, agreed: greeted.last });
            }
            Agreement::Same => self.settle(now_ms, stream, through, out),
            Agreement::Different if flow.own => {
                flow.search = Some(Search::below(through.min(flow.head), flow.acked));
                flow.not_before_ms = now_ms;
                self.end_search(now_ms, stream, out);
            }
            Agreement::Different | Agreement::Unknown => {
                flow.not_before_ms = refused_until_ms;
                out.push(Command::Alarm { stream, outcome: None });
            }
        }
    }

    /// Both sides are one up to `through`: what is behind it is to be sent.
    fn settle(&mut self, now_ms: i64, stream: StreamId, through: Seq, out: &mut Vec<Command>) {
        let verify_ms =
            self.config.verify_every_ms.saturating_add(self.jitter.below(self.config.verify_every_ms / 8));
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        // An upstream that holds more of a stream that is not ours had it over another way (R36).
        let through = through.min(flow.head);
        if through != flow.acked {
            out.push(Command::Keep { stream, through });
        }
        flow.acked = through;
        flow.sent = through;
        flow.phase = Phase::Flowing;
        flow.failures = 0;
        flow.not_before_ms = now_ms;
        flow.verify_at_ms = now_ms.saturating_add(verify_ms);
    }

    fn end_search(&mut self, now_ms: i64, stream: StreamId, out: &mut Vec<Command>) {
        let Some(flow) = self.flows.get_mut(&stream) else { return };
        if let Some(common) = flow.search.and_then(|search| search.found()) {
            // Until the database says that a new life was begun; otherwise it is looked for again.
            flow.search = None;
            flow.not_before_ms = now_ms.saturating_add(self.config.refused_retry_ms);
            out.push(Command::Branch { stream, common });
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
                    flow.entries_max = flow.entries_max.saturating_mul(2).min(self.config.batch_entries_max);
                    out.push(Command::Keep { stream, through });
                }
                flow.in_flight.retain(|flight| flight.to > through);
            }
            Outcome::Gap { .. }
            | Outcome::BelowRetention { .. }
            | Outcome::Refused { code: RefusalCode::Forked } => {
                // Its view is not ours: it is older (R11), a batch was lost, or somebody else sent other entries under
                // these keys between its hello and this batch (R5). Ask where it stands.
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
            Outcome::TooLarge { .. } if flow.entries_max > 1 => {
                flow.forget_flight();
                flow.entries_max = (flow.entries_max / 2).max(1);
                flow.not_before_ms = now_ms;
            }
            Outcome::StaleIncarnation { .. } | Outcome::TooLarge { .. } | Outcome::Refused { .. } => {
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
        self.jitter.below(ceiling) + 1
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
        let greet_until_ms = now_ms.saturating_add(self.config.reply_within_ms);
        for (stream, flow) in &mut self.flows {
            if !flow.wants(now_ms) || flow.not_before_ms > now_ms {
                continue;
            }
            // Sent, not in flight and not acknowledged: whatever led here, ask where upstream stands. The same when
            // nothing is pending and it is time to look whether both sides are still one.
            let lost = flow.in_flight.is_empty() && !flow.sending && flow.sent > flow.acked;
            if flow.phase == Phase::Flowing && (lost || !flow.pending()) {
                flow.forget_flight();
            }
            match flow.phase {
                Phase::Unknown => {
                    flow.phase = Phase::Greeting { until_ms: greet_until_ms };
                    out.push(Command::Greet { stream: *stream, at: flow.greet_at() });
                }
                Phase::Flowing => {
                    let room = flow.in_flight.len() < self.config.in_flight_max
                        && len_in_flight < self.config.in_flight_len_max;
                    if room && !flow.sending && flow.head > flow.sent {
                        flow.sending = true;
                        len_in_flight = len_in_flight.saturating_add(self.config.batch_len_max);
                        let (from, entries_max) = (flow.sent.next(), flow.entries_max);
                        out.push(Command::Send { stream: *stream, from, entries_max });
                    }
                }
                Phase::Greeting { .. } => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
