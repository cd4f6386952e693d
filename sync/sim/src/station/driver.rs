//! The driver of a simulated link: what `sync::driver` does with sockets and a clock, with neither.

use sync::node::{Applied, FeedApply};
use sync::{Node, NodeError};
use sync_proto::Stamp;
use sync_proto::engine::{Agreement, Command, Greeted, Input, Sender, SenderConfig};
use sync_proto::fact::FeedScope;
use sync_proto::wire::{Credit, Message, Outcome, Receipt, RefusalCode, Reply};

use super::{Outgoing, UPSTREAM};
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

#[derive(Debug)]
pub(super) struct Driver {
    engine: Sender,
    seed: u64,
    /// When it looks at the journal next.
    timer_ms: Option<i64>,
    next_pull_ms: i64,
    commits_seen: u64,
    broken: Option<Break>,
    /// What it did that happens seldom, for the trace.
    pub(super) notes: Vec<String>,
}

impl Driver {
    pub(super) fn new(now_ms: i64, jitter_seed: u64, broken: Option<Break>) -> Self {
        let compressed = jitter_seed.is_multiple_of(COMPRESSED_EVERY);
        let config = SenderConfig { compressed, ..SenderConfig::STANDARD };
        Self {
            engine: Sender::new(config, jitter_seed),
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
        to: usize,
    ) -> Vec<Outgoing> {
        let mut out = Vec::new();
        let due = self.timer_ms.is_some_and(|at_ms| at_ms <= now_ms);
        if due || told {
            self.look(now_ms, node, to, &mut out);
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
        out
    }

    pub(super) fn link_up(&mut self, now_ms: i64, node: &mut Node<Disk>, to: usize) -> Vec<Outgoing> {
        let mut out = Vec::new();
        self.step(now_ms, Input::LinkUp, node, to, &mut out);
        self.arm(now_ms, false);
        out
    }

    pub(super) fn on_reply(
        &mut self,
        now_ms: i64,
        bytes: &[u8],
        node: &mut Node<Disk>,
        stamp: Stamp,
        relay: bool,
        to: usize,
    ) -> Vec<Outgoing> {
        let mut failed = false;
        let input = match Reply::decode(bytes) {
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
            Ok(Reply::Pull(answer)) => {
                // A refused commit leaves the cursor where it was; the next pull asks again.
                let applied = node.apply_pull(&answer, FeedApply { relay, report: true }, stamp);
                return self.go_on(now_ms, applied);
            }
            Ok(Reply::Part(answer)) => {
                let applied = node.apply_part(&answer, FeedApply { relay, report: true }, stamp);
                return self.go_on(now_ms, applied);
            }
            Ok(Reply::Progress(_) | Reply::Check(_) | Reply::Streams(_) | Reply::Fetched(_)) | Err(_) => {
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        self.step(now_ms, input, node, to, &mut out);
        self.arm(now_ms, failed);
        out
    }

    /// The next part of a snapshot is asked for at once.
    fn go_on(&mut self, now_ms: i64, applied: Result<Applied, NodeError>) -> Vec<Outgoing> {
        if applied.is_ok_and(|applied| applied == Applied::Staged) {
            self.next_pull_ms = now_ms;
        }
        Vec::new()
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
    fn look(&mut self, now_ms: i64, node: &mut Node<Disk>, to: usize, out: &mut Vec<Outgoing>) {
        self.commits_seen = node.commits();
        for each in node.outbox(UPSTREAM).unwrap_or_default() {
            self.step(now_ms, each.input(), node, to, out);
        }
        self.step(now_ms, Input::Tick, node, to, out);
    }

    fn step(&mut self, now_ms: i64, input: Input, node: &mut Node<Disk>, to: usize, out: &mut Vec<Outgoing>) {
        let mut commands = self.engine.handle(now_ms, input);
        while !commands.is_empty() {
            let mut next = Vec::new();
            for command in std::mem::take(&mut commands) {
                if let Some(input) = self.obey(now_ms, command, node, to, out) {
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
        to: usize,
        out: &mut Vec<Outgoing>,
    ) -> Option<Input> {
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
                let _ = node.keep_ack(UPSTREAM, stream, through, now_ms);
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
    let (Outcome::Refused { code: RefusalCode::Forked }, Ok(Message::Batch(batch))) =
        (receipt.outcome, Message::decode(bytes))
    else {
        return reply;
    };
    let outcome = Outcome::Duplicate { through: batch.to() };
    Reply::Receipt(Receipt { outcome, ..receipt }).encode()
}
