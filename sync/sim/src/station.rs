//! A simulated process: a node on a disk, with the driver of its link upstream.

mod driver;

use std::sync::Arc;

use sync::node::Beside;
use sync::store::{Commit, Store as _};
use sync::{Draft, Node, NodeError, Peer};
use sync_proto::catalogue::Catalogue;
use sync_proto::fact::FeedScope;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::life::{Kept, Place, Seen, Standing, decide};
use sync_proto::project::All;
use sync_proto::{BusinessDay, Entry, EntryKey, Fact, Origin, Role, Stamp};

use crate::breakage::Break;
use crate::disk::Disk;
use driver::Driver;

/// Name of the one upstream in a simulated process.
pub const UPSTREAM: &str = "up";

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
    /// It writes what older versions do not know.
    pub newer: bool,
    place: Place,
    alive: Option<Alive>,
    disk: Option<Disk>,
    depth: Depth,
    broken: Option<Break>,
}

#[derive(Debug)]
struct Alive {
    node: Node<Disk>,
    driver: Driver,
    /// R10 broken: acknowledged and not committed yet.
    late: Vec<(Peer, Vec<u8>)>,
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
    pub fn new(
        index: usize,
        upstream: Option<usize>,
        me: Origin,
        scopes: Vec<FeedScope>,
        broken: Option<Break>,
    ) -> Self {
        let depth = if me.role == Role::Terminal { Depth::Till } else { Depth::Station };
        let disk = Disk::of(&me, broken);
        Self {
            index,
            upstream,
            me,
            scopes,
            life: 0,
            clock_skew_ms: 0,
            dead_until_ms: None,
            newer: false,
            place: Place { machine: format!("machine {index}"), file: "1".to_owned() },
            alive: None,
            disk: Some(disk),
            depth,
            broken,
        }
    }

    /// What the process thinks the time is.
    pub fn stamp(&self, now_ms: i64) -> Stamp {
        Stamp::at_wall_ms(now_ms.saturating_add(self.clock_skew_ms))
    }

    /// Starts it on its disk, with nothing but the disk and its surroundings to remember by: the same steps as
    /// `sync::life::open_node` takes over files.
    pub fn start(&mut self, now_ms: i64, entropy: [u8; 16], jitter_seed: u64) -> Result<(), NodeError> {
        let Some(disk) = self.disk.take() else { return Ok(()) };
        let disk = disk.reopened();
        let projection = Arc::new(All(vec![Box::new(Catalogue), Box::new(Ledger::new(self.depth))]));
        let stamp = self.stamp(now_ms);
        let has_journal = disk.durable.streams_held().any(|row| row.own);
        let (place, kept) = (self.place.clone(), disk.kept.clone());
        let seen = Seen { place, marker: disk.marker_seen(), has_journal, pos: disk.last_pos(), told: None };
        let standing = decide(kept.as_ref(), &seen);
        let mut node = match standing {
            Standing::NewLife(reason) if !has_journal => {
                Node::open_because(disk, projection, self.me.clone(), entropy, reason.as_str(), stamp)?
            }
            _ => Node::open(disk, projection, self.me.clone(), entropy, stamp)?,
        };
        if let Standing::NewLife(reason) = standing
            && has_journal
        {
            node.reincarnate(entropy, reason.as_str(), stamp)?;
        }
        let (mark, openings) = match (&kept, standing) {
            (Some(kept), Standing::Same) => (kept.mark, kept.openings.saturating_add(1)),
            _ => (entropy, 1),
        };
        node.store().kept = Some(Kept { mark, place: seen.place, openings });
        node.store().begin_marker(mark, openings);
        self.life += 1;
        self.dead_until_ms = None;
        let driver = Driver::new(now_ms, jitter_seed, self.broken);
        self.alive = Some(Alive { node, driver, late: Vec::new() });
        Ok(())
    }

    /// Another computer with the same disk, and with the same surroundings if nobody is to notice.
    pub fn cloned(&mut self, index: usize, unnoticed: bool) -> Option<Self> {
        let mut clone = Self::new(index, self.upstream, self.me.clone(), self.scopes.clone(), self.broken);
        let image = self.disk()?.image();
        clone.disk()?.put_back(image, true);
        clone.place = self.place.clone();
        if !unnoticed {
            clone.place.machine = format!("machine {index}");
        }
        Some(clone)
    }

    /// Ends it at once: everything but the disk is gone.
    pub fn kill(&mut self, until_ms: i64) {
        if let Some(mut alive) = self.alive.take() {
            let disk = std::mem::take(alive.node.store());
            self.disk = Some(disk);
            self.dead_until_ms = Some(until_ms);
        }
    }

    /// Ends it for ever; what is left is its disk.
    pub fn retire(&mut self) -> Option<Disk> {
        self.kill(i64::MAX);
        self.disk.take()
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
        let died = node.store().died.is_some();
        (!died).then_some(recorded.entries)
    }

    /// Records bytes that only a newer version writes; the entries if they were shown as done.
    pub fn record_newer(&mut self, now_ms: i64, bytes: Vec<u8>) -> Option<Vec<Entry>> {
        let at_ms = self.stamp(now_ms).wall_ms;
        let node = self.node()?;
        let head = node.own_head().ok()?;
        let key = EntryKey { stream: node.own_stream(), seq: head.seq.next() };
        let entry = Entry { key, hash: head.hash.chain(&bytes), bytes };
        let append = vec![entry];
        let commit = Commit { at_ms, append: append.clone(), ..Commit::default() };
        node.store().commit(&commit).ok()?;
        node.store().died.is_none().then_some(append)
    }

    /// Answers a peer's message; `None` when the process died before it could, or does not take it.
    pub fn answer(&mut self, now_ms: i64, peer: &Peer, bytes: &[u8]) -> Option<Vec<u8>> {
        let wall_ms = self.stamp(now_ms).wall_ms;
        let broken = self.broken;
        let alive = self.alive.as_mut()?;
        if broken == Some(Break::R10)
            && let Some(reply) = driver::acknowledged_before_commit(bytes)
        {
            alive.late.push((peer.clone(), bytes.to_vec()));
            return Some(reply);
        }
        let reply = alive.node.receive(peer, bytes, UPSTREAM, wall_ms).ok()?;
        if alive.node.store().died.is_some() {
            return None;
        }
        Some(if broken == Some(Break::R5) { driver::fork_as_duplicate(bytes, reply) } else { reply })
    }

    /// Lets time pass. Whatever was announced or not, the armed timer says when there is something to do.
    pub fn tick(&mut self, now_ms: i64, told: bool) -> Vec<Outgoing> {
        let wall_ms = self.stamp(now_ms).wall_ms;
        let Some(alive) = self.alive.as_mut() else { return Vec::new() };
        for (peer, bytes) in std::mem::take(&mut alive.late) {
            // R10 broken: whether it is kept now nobody is told any more.
            let _ = alive.node.receive(&peer, &bytes, UPSTREAM, wall_ms);
        }
        let Some(to) = self.upstream else { return Vec::new() };
        alive.driver.tick(now_ms, told, &mut alive.node, &self.scopes, to)
    }

    /// What its driver did that happens seldom.
    pub fn take_notes(&mut self) -> Vec<String> {
        self.alive.as_mut().map(|alive| std::mem::take(&mut alive.driver.notes)).unwrap_or_default()
    }

    /// Whether the journal grew since it was last looked at.
    pub fn has_news(&self) -> bool {
        self.alive.as_ref().is_some_and(|alive| alive.driver.has_news(&alive.node))
    }

    /// Nobody will be told that the journal grew.
    pub fn lose_news(&mut self) {
        if let Some(alive) = &mut self.alive {
            alive.driver.lose_news(&alive.node);
        }
    }

    /// The link upstream came up again.
    pub fn link_up(&mut self, now_ms: i64) -> Vec<Outgoing> {
        let (Some(to), Some(alive)) = (self.upstream, self.alive.as_mut()) else { return Vec::new() };
        alive.driver.link_up(now_ms, &mut alive.node, to)
    }

    /// Takes upstream's reply.
    pub fn on_reply(&mut self, now_ms: i64, bytes: &[u8]) -> Vec<Outgoing> {
        let stamp = self.stamp(now_ms);
        let relay = self.me.role == Role::Agent;
        let (Some(to), Some(alive)) = (self.upstream, self.alive.as_mut()) else { return Vec::new() };
        alive.driver.on_reply(now_ms, bytes, &mut alive.node, stamp, relay, to)
    }

    /// R13: whatever is pending on the disk, a timer is armed for it. The words of the violation, if it is not so.
    pub fn level_trigger_violation(&mut self, now_ms: i64) -> Option<String> {
        let (index, _) = (self.index, self.upstream?);
        let alive = self.alive.as_mut()?;
        if alive.driver.is_armed(now_ms) {
            return None;
        }
        let count = alive.node.pending(UPSTREAM).map_or(0, |(count, _)| count);
        (count > 0).then(|| format!("R13: process {index} has {count} entries pending and no timer armed"))
    }

    /// Publishes a fact in a feed.
    pub fn publish(&mut self, now_ms: i64, fact: Fact, scope: FeedScope, key: String) -> bool {
        let stamp = self.stamp(now_ms);
        let Some(node) = self.node() else { return false };
        let done = node.record(stamp, None, &[Draft::published(fact, scope, key)], Beside::default()).is_ok();
        done && node.store().died.is_none()
    }
}
