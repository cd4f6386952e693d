//! The upstream side of the outbox: which entries to send, and when to try again.
//!
//! Level-triggered (R13): the state alone says what is pending, and whenever something is, [`Sender::wake_at`]
//! names a time. No write, event or reconnect is needed to set it going again.

mod budget;
mod flow;
mod jitter;
mod replies;
mod search;
mod terms;

use std::collections::{BTreeMap, VecDeque};

use crate::entry::StreamId;
use crate::ids::Seq;
use crate::wire::Credit;

use budget::RetryBudget;
use flow::{Flight, Flow, Phase};
use search::Search;

pub use jitter::Jitter;
pub use terms::{Agreement, Command, Greeted, Input, SenderConfig};

/// The engine of one link upstream.
#[derive(Debug)]
pub struct Sender {
    config: SenderConfig,
    jitter: Jitter,
    budget: RetryBudget,
    flows: BTreeMap<StreamId, Flow>,
}

impl Sender {
    /// A sender that knows of no stream yet.
    pub const fn new(config: SenderConfig, jitter_seed: u64) -> Self {
        Self {
            config,
            jitter: Jitter::seeded(jitter_seed),
            budget: RetryBudget::FULL,
            flows: BTreeMap::new(),
        }
    }

    /// Limits and times in force.
    pub const fn config(&self) -> &SenderConfig {
        &self.config
    }

    /// Every command was obeyed before the database is looked at, so a difference is a failed
    /// [`Command::Keep`], or another path to the same upstream.
    fn on_head(&mut self, now_ms: i64, stream: StreamId, head: Seq, acked: Seq, own: bool) {
        let (entries_max, in_flight_max) = (self.config.batch_entries_max, self.config.in_flight_max);
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
            credit: in_flight_max,
            window: in_flight_max,
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
            Input::Replied(receipt) => self.on_reply(now_ms, receipt, &mut out),
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
        self.budget = RetryBudget::FULL;
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
        let Greeted { stream, through, credit, .. } = greeted;
        self.budget.earn();
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
        if flow.own && greeted.agrees == Agreement::Same {
            // The journal may have grown since its head was told, and have come there over another way (R36).
            flow.head = flow.head.max(through);
        }
        let agreement = if through > flow.head { greeted.agrees_last } else { greeted.agrees };
        match agreement {
            Agreement::Same if through > flow.head && flow.own => {
                flow.not_before_ms = refused_until_ms;
                out.push(Command::UpstreamAhead { stream, through, agreed: greeted.last });
            }
            Agreement::Same => self.settle(now_ms, stream, through, credit, out),
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
    fn settle(
        &mut self,
        now_ms: i64,
        stream: StreamId,
        through: Seq,
        credit: Credit,
        out: &mut Vec<Command>,
    ) {
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
        flow.take_credit(now_ms, credit, self.config.server_wait_ms_max);
        if flow.credit == 0 {
            flow.phase = Phase::Unknown;
        }
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
            if flow.phase == Phase::Flowing && (lost || !flow.pending() || flow.has_to_ask()) {
                flow.forget_flight();
            }
            match flow.phase {
                Phase::Unknown => {
                    flow.phase = Phase::Greeting { until_ms: greet_until_ms };
                    out.push(Command::Greet { stream: *stream, at: flow.greet_at() });
                }
                Phase::Flowing => {
                    let room = len_in_flight < self.config.in_flight_len_max;
                    if room && flow.has_room() && !flow.sending && flow.head > flow.sent {
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
