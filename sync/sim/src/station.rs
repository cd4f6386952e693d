//! A simulated process: a node on a disk, with the engine of its link upstream.

use std::sync::Arc;

use sync::node::{Beside, FeedApply};
use sync::{Draft, Node, NodeError, Peer};
use sync_proto::catalogue::Catalogue;
use sync_proto::engine::{Command, Input, Sender, SenderConfig};
use sync_proto::fact::FeedScope;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::project::{All, Projection};
use sync_proto::wire::{Message, Reply};
use sync_proto::{BusinessDay, Entry, Fact, Origin, Role, Stamp};

use crate::disk::Disk;

/// Name of the one upstream in a simulated process.
pub const UPSTREAM: &str = "up";

/// Between pulls of a feed.
const PULL_EVERY_MS: i64 = 400;

/// One process, dead or alive.
#[derive(Debug)]
pub struct Process {
    /// Its place in the world.
    pub index: usize,
    /// Whom it sends to.
    pub upstream: Option<usize>,
    /// Who it is.
    pub me: Origin,
    /// Feeds that it pulls.
    pub scopes: Vec<FeedScope>,
    /// Goes up with every start.
    pub life: u64,
    /// Wall clock minus true time.
    pub clock_skew_ms: i64,
    /// Dead until then.
    pub dead_until_ms: Option<i64>,
    alive: Option<Alive>,
    disk: Option<Disk>,
    depth: Depth,
}

#[derive(Debug)]
struct Alive {
    node: Node<Disk>,
    engine: Sender,
    next_pull_ms: i64,
}

/// Something to put on the network.
#[derive(Debug)]
pub struct Outgoing {
    /// To whom.
    pub to: usize,
    /// What.
    pub bytes: Vec<u8>,
}

impl Process {
    /// A process that has never run.
    pub fn new(index: usize, upstream: Option<usize>, me: Origin, scopes: Vec<FeedScope>) -> Self {
        let depth = if me.role == Role::Terminal { Depth::Till } else { Depth::Station };
        Self {
            index,
            upstream,
            me,
            scopes,
            life: 0,
            clock_skew_ms: 0,
            dead_until_ms: None,
            alive: None,
            disk: Some(Disk::default()),
            depth,
        }
    }

    /// What the process thinks the time is.
    pub fn stamp(&self, now_ms: i64) -> Stamp {
        Stamp::at_wall_ms(now_ms.saturating_add(self.clock_skew_ms))
    }

    /// Starts it on its disk, with nothing but the disk to remember by.
    pub fn start(&mut self, now_ms: i64, entropy: [u8; 16], jitter_seed: u64) -> Result<(), NodeError> {
        let Some(disk) = self.disk.take() else { return Ok(()) };
        let projections: Vec<Box<dyn Projection>> =
            vec![Box::new(Catalogue), Box::new(Ledger::new(self.depth))];
        let stamp = self.stamp(now_ms);
        let node = Node::open(disk.reopened(), Arc::new(All(projections)), self.me.clone(), entropy, stamp)?;
        let engine = Sender::new(SenderConfig::STANDARD, jitter_seed);
        self.life += 1;
        self.dead_until_ms = None;
        self.alive = Some(Alive { node, engine, next_pull_ms: now_ms });
        Ok(())
    }

    /// Ends it at once: everything but the disk is gone.
    pub fn kill(&mut self, until_ms: i64) {
        if let Some(mut alive) = self.alive.take() {
            let disk = std::mem::take(alive.node.store());
            self.disk = Some(disk);
            self.dead_until_ms = Some(until_ms);
        }
    }

    /// Whether it runs.
    pub const fn is_alive(&self) -> bool {
        self.alive.is_some()
    }

    /// Its disk, dead or alive.
    pub fn disk(&mut self) -> Option<&mut Disk> {
        match &mut self.alive {
            Some(alive) => Some(alive.node.store()),
            None => self.disk.as_mut(),
        }
    }

    /// Its node, if it runs.
    pub fn node(&mut self) -> Option<&mut Node<Disk>> {
        self.alive.as_mut().map(|alive| &mut alive.node)
    }

    /// Records a fact; the entries if it was shown as done.
    pub fn record(&mut self, now_ms: i64, day: &BusinessDay, drafts: &[Draft]) -> Option<Vec<Entry>> {
        let stamp = self.stamp(now_ms);
        let node = self.node()?;
        let recorded = node.record(stamp, Some(day), drafts, Beside::default()).ok()?;
        let died = node.store().died;
        (!died).then_some(recorded.entries)
    }

    /// Answers a peer's message; `None` when the process died before it could.
    pub fn answer(&mut self, now_ms: i64, peer: &Peer, bytes: &[u8]) -> Option<Vec<u8>> {
        let wall_ms = self.stamp(now_ms).wall_ms;
        let node = self.node()?;
        let reply = node.receive(peer, bytes, UPSTREAM, wall_ms).ok()?;
        (!node.store().died).then_some(reply)
    }

    /// Lets time pass: looks at the outbox and at what there is to pull.
    pub fn tick(&mut self, now_ms: i64) -> Vec<Outgoing> {
        let (Some(to), Some(alive)) = (self.upstream, self.alive.as_mut()) else { return Vec::new() };
        let mut out = Vec::new();
        if let Ok(outbox) = alive.node.outbox(UPSTREAM) {
            for each in outbox {
                let (stream, head, acked) = (each.stream, each.head, each.acked);
                let commands = alive.engine.handle(now_ms, Input::Head { stream, head, acked });
                alive.obey(now_ms, commands, to, &mut out);
            }
        }
        let commands = alive.engine.handle(now_ms, Input::Tick);
        alive.obey(now_ms, commands, to, &mut out);
        if alive.next_pull_ms <= now_ms {
            alive.next_pull_ms = now_ms + PULL_EVERY_MS;
            for scope in &self.scopes {
                if let Ok(pull) = alive.node.next_pull(scope) {
                    out.push(Outgoing { to, bytes: Message::Pull(pull).encode() });
                }
            }
        }
        out
    }

    /// Takes upstream's reply.
    pub fn on_reply(&mut self, now_ms: i64, bytes: &[u8]) -> Vec<Outgoing> {
        let stamp = self.stamp(now_ms);
        let relay = self.me.role == Role::Agent;
        let (Some(to), Some(alive)) = (self.upstream, self.alive.as_mut()) else { return Vec::new() };
        let mut out = Vec::new();
        let input = match Reply::decode(bytes) {
            Ok(Reply::Hello(answer)) => {
                let local_hash = alive.node.chain_at(answer.stream, answer.through).ok().flatten();
                let (stream, through, hash) = (answer.stream, answer.through, answer.hash);
                Input::Greeted { stream, through, hash, local_hash }
            }
            Ok(Reply::Receipt(receipt)) => {
                Input::Replied { stream: receipt.stream, outcome: receipt.outcome }
            }
            Ok(Reply::Pull(answer)) => {
                // A refused commit leaves the cursor where it was; the next pull asks again.
                let applied = alive.node.apply_pull(&answer, FeedApply { relay, report: true }, stamp);
                if applied.is_ok() && answer.more {
                    alive.next_pull_ms = now_ms;
                }
                Input::Tick
            }
            _ => Input::Tick,
        };
        let commands = alive.engine.handle(now_ms, input);
        alive.obey(now_ms, commands, to, &mut out);
        out
    }

    /// R13: whatever is pending, a timer is armed for it. The words of the violation, if it is not so.
    pub fn level_trigger_violation(&mut self) -> Option<String> {
        let index = self.index;
        let alive = self.alive.as_mut()?;
        (alive.engine.pending() && alive.engine.wake_at().is_none())
            .then(|| format!("R13: process {index} has entries pending and no timer armed"))
    }

    /// Publishes a fact in a feed.
    pub fn publish(&mut self, now_ms: i64, fact: Fact, scope: FeedScope, key: String) -> bool {
        let stamp = self.stamp(now_ms);
        let Some(node) = self.node() else { return false };
        node.record(stamp, None, &[Draft::published(fact, scope, key)], Beside::default()).is_ok()
    }
}

impl Alive {
    fn obey(&mut self, now_ms: i64, mut commands: Vec<Command>, to: usize, out: &mut Vec<Outgoing>) {
        while !commands.is_empty() {
            let mut next = Vec::new();
            for command in std::mem::take(&mut commands) {
                match command {
                    Command::Greet { stream } => {
                        if let Ok(Some(hello)) = self.node.hello(stream) {
                            out.push(Outgoing { to, bytes: Message::Hello(hello).encode() });
                        }
                    }
                    Command::Send { stream, from } => {
                        let limits = *self.engine.config();
                        let input = match self.node.batch(stream, from, &limits) {
                            Ok(Some(batch)) => {
                                let last = batch.to();
                                let bytes = Message::Batch(batch).encode();
                                let len = bytes.len();
                                out.push(Outgoing { to, bytes });
                                Input::Sent { stream, to: last, len }
                            }
                            _ => Input::Failed { stream },
                        };
                        next.extend(self.engine.handle(now_ms, input));
                    }
                    Command::Keep { stream, through } => {
                        // Lost with a full disk; the next look at the disk asks again.
                        let _ = self.node.keep_ack(UPSTREAM, stream, through, now_ms);
                    }
                    Command::UpstreamAhead { .. } | Command::Alarm { .. } => {}
                }
            }
            commands = next;
        }
    }
}
