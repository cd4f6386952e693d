//! The driver of a simulated link: what `sync::driver` does with sockets and a clock, with neither.

use sync::node::{Applied, FeedApply};
use sync::{Node, NodeError};
use sync_proto::Stamp;
use sync_proto::engine::{Agreement, Command, Greeted, Input, Sender, SenderConfig};
use sync_proto::fact::FeedScope;
use sync_proto::wire::{Credit, Message, Outcome, Receipt, RefusalCode, Reply};

use super::errands::{Errands, Kinds};
use super::{HQ_MARK, Outgoing, UPSTREAM};
use crate::breakage::Break;
use crate::disk::Disk;

/// Between pulls of a feed.
const PULL_EVERY_MS: i64 = 600;

/// The journal is looked at at least this often, whatever was announced; as in `sync::driver`.
const LOOK_EVERY_MS: i64 = 2_000;

/// One life of a process in so many compresses: most of a run's time would go into that.
const COMPRESSED_EVERY: u64 = 64;

/// No timer is armed for later than this: the product's longest wait is that after a refusal.
const ARMED_WITHIN_MS: i64 = SenderConfig::STANDARD.refused_retry_ms + LOOK_EVERY_MS;

/// A way upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Under which name its acknowledgements are kept.
    pub(super) name: &'static str,
    /// To whom it leads.
    pub(super) to: usize,
    /// Whether items of feeds are kept for those who pull from here.
    pub(super) relay: bool,
}

impl Way {
    /// A till's to its agent, or an agent's to head office.
    pub(super) const fn first(to: usize, relay: bool) -> Self {
        Self { name: UPSTREAM, to, relay }
    }

    /// A till's straight to head office, while its agent is away (R36).
    pub(super) const fn direct(to: usize) -> Self {
        Self { name: HQ_MARK, to, relay: false }
    }

    fn is_first(&self) -> bool {
        self.name == UPSTREAM
    }
}

#[derive(Debug)]
pub(super) struct Driver {
    pub(super) way: Way,
    engine: Sender,
    errands: Errands,
    seed: u64,
    /// When it looks at the journal next.
    timer_ms: Option<i64>,
    next_pull_ms: i64,
    /// When upstream last answered.
    pub(super) heard_ms: i64,
    /// Entries that upstream gave back (R38).
    pub(super) taken_back: u64,
    commits_seen: u64,
    broken: Option<Break>,
    /// What it did that happens seldom, for the trace.
    pub(super) notes: Vec<String>,
}

impl Driver {
    pub(super) fn new(way: Way, now_ms: i64, jitter_seed: u64, broken: Option<Break>) -> Self {
        let compressed = jitter_seed.is_multiple_of(COMPRESSED_EVERY);
        let config = SenderConfig { compressed, ..SenderConfig::STANDARD };
        let first = way.is_first();
        let kinds = Kinds { rebuild: first, progress: first && !way.relay };
        Self {
            way,
            engine: Sender::new(config, jitter_seed),
            errands: Errands::new(now_ms, kinds, way.relay),
            heard_ms: now_ms,
            taken_back: 0,
            seed: jitter_seed,
            timer_ms: Some(now_ms),
            next_pull_ms: now_ms,
            commits_seen: u64::MAX,
            broken,
            notes: Vec::new(),
        }
    }

    pub(super) fn has_news(&self, node: &Node<Disk>) -> bool {
        self.commits_seen != node.commits()
    }

    pub(super) fn lose_news(&mut self, node: &Node<Disk>) {
        self.commits_seen = node.commits();
    }

    /// Whether there is a timer that fires within the longest wait there is.
    pub(super) fn is_armed(&self, now_ms: i64) -> bool {
        self.timer_ms.is_some_and(|at_ms| at_ms <= now_ms.saturating_add(ARMED_WITHIN_MS))
    }

    pub(super) fn tick(
        &mut self,
        now_ms: i64,
        told: bool,
        node: &mut Node<Disk>,
        scopes: &[FeedScope],
    ) -> Vec<Outgoing> {
        let mut out = Vec::new();
        let to = self.way.to;
        let due = self.timer_ms.is_some_and(|at_ms| at_ms <= now_ms);
        if due || told {
            self.look(now_ms, node, &mut out);
            let failed = due && out.is_empty() && self.engine.pending();
            self.arm(now_ms, failed);
        }
        if self.next_pull_ms <= now_ms {
            self.next_pull_ms = now_ms + PULL_EVERY_MS;
            for scope in scopes {
                if let Ok(message) = node.next_feed_message(scope) {
                    out.push(Outgoing { to, bytes: message.encode() });
                }
            }
        }
        let errands = self.errands.due(now_ms, self.way.name, node, scopes);
        out.extend(errands.into_iter().map(|message| Outgoing { to, bytes: message.encode() }));
        out
    }

    pub(super) fn link_up(&mut self, now_ms: i64, node: &mut Node<Disk>) -> Vec<Outgoing> {
        let mut out = Vec::new();
        self.step(now_ms, Input::LinkUp, node, &mut out);
        self.arm(now_ms, false);
        out
    }

    pub(super) fn on_reply(
        &mut self,
        now_ms: i64,
        bytes: &[u8],
        node: &mut Node<Disk>,
        stamp: Stamp,
    ) -> Vec<Outgoing> {
        let mut failed = false;
        let reply = Reply::decode(bytes);
        if reply.is_ok() {
            self.heard_ms = now_ms;
        }
        let input = match reply {
            Ok(Reply::Hello(answer)) => match node.greeted(&answer) {
                Ok(Input::Greeted(greeted)) if self.broken == Some(Break::R5) => {
                    let (agrees, agrees_last) = (Agreement::Same, Agreement::Same);
                    Input::Greeted(Greeted { agrees, agrees_last, ..greeted })
                }
                Ok(greeted) => greeted,
                Err(_) => Input::Failed { stream: answer.stream },
            },
            Ok(Reply::Receipt(receipt)) => {
                failed = !matches!(receipt.outcome, Outcome::Accepted { .. } | Outcome::Duplicate { .. });
                Input::Replied(receipt)
            }
            Ok(other) => return self.on_other(now_ms, other, node, stamp),
            Err(_) => return Vec::new(),
        };
        let mut out = Vec::new();
        self.step(now_ms, input, node, &mut out);
        self.arm(now_ms, failed);
        out
    }

    /// What is not about the journal.
    fn on_other(&mut self, now_ms: i64, reply: Reply, node: &mut Node<Disk>, stamp: Stamp) -> Vec<Outgoing> {
        let how = FeedApply { relay: self.way.relay, report: true };
        let asked = match reply {
            Reply::Pull(answer) => {
                // A refused commit leaves the cursor where it was; the next pull asks again.
                let applied = node.apply_pull(&answer, how, stamp);
                if matches!(applied, Ok(Applied::Changed)) {
                    let (life, version) = (answer.reached.writer.series(), answer.reached.version.0);
                    self.notes.push(format!("has {} {life}.{version} now", answer.scope.to_text()));
                }
                self.go_on(now_ms, &applied);
                Vec::new()
            }
            Reply::Part(answer) => {
                let applied = node.apply_part(&answer, how, stamp);
                self.go_on(now_ms, &applied);
                Vec::new()
            }
            Reply::Check(answer) => {
                if self.errands.checked(node, &answer) {
                    self.next_pull_ms = now_ms;
                    self.notes.push(format!("takes {} anew", answer.scope.to_text()));
                }
                Vec::new()
            }
            Reply::Streams(list) => self.errands.listed(now_ms, node, &list),
            Reply::Fetched(fetched) => {
                let (taken, next) = self.errands.given(now_ms, node, self.way.name, fetched);
                self.taken_back += taken;
                next.into_iter().collect()
            }
            Reply::Progress(answer) => {
                self.errands.progressed(now_ms, node, &answer);
                Vec::new()
            }
            Reply::Audit(answer) => Errands::audited(node, &answer).into_iter().collect(),
            Reply::Mended(receipt) => {
                if matches!(receipt.outcome, Outcome::Accepted { .. }) {
                    self.notes.push("sends again what upstream had lost".to_owned());
                }
                Vec::new()
            }
            Reply::Hello(_) | Reply::Receipt(_) => Vec::new(),
        };
        let to = self.way.to;
        asked.into_iter().map(|message| Outgoing { to, bytes: message.encode() }).collect()
    }

    /// The next part of a snapshot is asked for at once.
    fn go_on(&mut self, now_ms: i64, applied: &Result<Applied, NodeError>) {
        if matches!(applied, Ok(Applied::Staged)) {
            self.next_pull_ms = now_ms;
        }
    }

    fn arm(&mut self, now_ms: i64, failed: bool) {
        if failed && self.broken == Some(Break::R13) {
            self.timer_ms = None;
            return;
        }
        let look_ms = now_ms.saturating_add(LOOK_EVERY_MS);
        self.timer_ms =
            Some(self.engine.wake_at().unwrap_or(i64::MAX).clamp(now_ms.saturating_add(1), look_ms));
    }

    /// Tells the engine where the journal stands.
    fn look(&mut self, now_ms: i64, node: &mut Node<Disk>, out: &mut Vec<Outgoing>) {
        self.commits_seen = node.commits();
        for each in node.outbox(self.way.name).unwrap_or_default() {
            self.step(now_ms, each.input(), node, out);
        }
        self.step(now_ms, Input::Tick, node, out);
    }

    fn step(&mut self, now_ms: i64, input: Input, node: &mut Node<Disk>, out: &mut Vec<Outgoing>) {
        let mut commands = self.engine.handle(now_ms, input);
        while !commands.is_empty() {
            let mut next = Vec::new();
            for command in std::mem::take(&mut commands) {
                if let Some(input) = self.obey(now_ms, command, node, out) {
                    next.extend(self.engine.handle(now_ms, input));
                }
            }
            commands = next;
        }
    }

    /// Differs between processes, lives of a process and lives of a journal.
    fn entropy(&self, node: &Node<Disk>) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (seed, commits) = bytes.split_at_mut(8);
        seed.copy_from_slice(&self.seed.to_be_bytes());
        commits.copy_from_slice(&node.commits().to_be_bytes());
        bytes
    }

    fn obey(
        &mut self,
        now_ms: i64,
        command: Command,
        node: &mut Node<Disk>,
        out: &mut Vec<Outgoing>,
    ) -> Option<Input> {
        let to = self.way.to;
        match command {
            Command::Greet { stream, at } => {
                if let Ok(Some(hello)) = node.hello(stream, at) {
                    out.push(Outgoing { to, bytes: Message::Hello(hello).encode() });
                }
                None
            }
            Command::Send { stream, from, entries_max } => {
                let limits = SenderConfig { batch_entries_max: entries_max, ..*self.engine.config() };
                Some(match node.batch(stream, from, &limits) {
                    Ok(Some(batch)) => {
                        let last = batch.to();
                        let bytes = Message::Batch(batch).encode();
                        let len = bytes.len();
                        out.push(Outgoing { to, bytes });
                        Input::Sent { stream, to: last, len }
                    }
                    _ => Input::Failed { stream },
                })
            }
            Command::Keep { stream, through } => {
                // Lost with a full disk; the next look at the disk asks again.
                let _ = node.keep_ack(self.way.name, stream, through, now_ms);
                None
            }
            Command::UpstreamAhead { .. } | Command::Branch { .. } => {
                // A full disk leaves the old life; the engine asks again.
                let begun = node.begin_life_for(&command, self.entropy(node), Stamp::at_wall_ms(now_ms));
                let what = begun.map_or_else(|why| why.to_string(), |begun| format!("new life {begun}"));
                self.notes.push(format!("{}: {what}", described(&command)));
                None
            }
            Command::Alarm { stream, outcome } => {
                self.notes.push(format!("alarm for {}: {outcome:?}", stream.incarnation.series()));
                None
            }
        }
    }
}

fn described(command: &Command) -> String {
    match command {
        Command::UpstreamAhead { stream, through, .. } => {
            format!("upstream has {} up to {through}", stream.incarnation.series())
        }
        Command::Branch { stream, common } => {
            format!("upstream has {} as here up to {common}", stream.incarnation.series())
        }
        _ => String::new(),
    }
}

/// R10 broken: the reply to a batch, made before anything of it is stored.
pub(super) fn acknowledged_before_commit(bytes: &[u8]) -> Option<Vec<u8>> {
    let Ok(Message::Batch(batch)) = Message::decode(bytes) else { return None };
    let outcome = Outcome::Accepted { through: batch.to() };
    Some(Reply::Receipt(Receipt { stream: batch.stream, outcome, credit: Credit::FULL }).encode())
}

/// R5 broken: a fork is answered as what was there before.
pub(super) fn fork_as_duplicate(bytes: &[u8], reply: Vec<u8>) -> Vec<u8> {
    let Ok(Reply::Receipt(receipt)) = Reply::decode(&reply) else { return reply };
    let (
        Outcome::Refused { code: RefusalCode::Forked } | Outcome::StaleIncarnation { .. },
        Ok(Message::Batch(batch)),
    ) = (receipt.outcome, Message::decode(bytes))
    else {
        return reply;
    };
    let outcome = Outcome::Duplicate { through: batch.to() };
    Reply::Receipt(Receipt { outcome, ..receipt }).encode()
}
