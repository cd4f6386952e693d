//! A simulated process: a node on a disk, with the driver of its link upstream.

mod driver;
mod errands;
mod retention;

use std::sync::Arc;

use sync::node::Beside;
use sync::store::{Commit, Store as _};
use sync::{Draft, Node, NodeError, Peer};
use sync_proto::catalogue::Catalogue;
use sync_proto::fact::FeedScope;
use sync_proto::ledger::{Depth, Ledger};
use sync_proto::life::{Kept, Place, Reason, Seen, Standing, decide};
use sync_proto::project::All;
use sync_proto::{BusinessDay, DeviceId, Entry, EntryKey, Fact, Origin, Role, Stamp};

use crate::breakage::Break;
use crate::disk::Disk;
use driver::{Driver, Way};
use retention::Nights;

/// Under this name a process keeps what its upstream acknowledged: a till its agent, an agent head office.
pub const UPSTREAM: &str = "up";

/// Under this name a till keeps what head office holds: told by its agent, or by head office itself (R36).
pub const HQ_MARK: &str = "hq";

/// A till speaks to head office itself when its agent was silent for so long; ten seconds in the product.
const STANDBY_AFTER_MS: i64 = 1_500;

/// One process, dead or alive.
#[derive(Debug)]
pub struct Process {
    /// Its place in the world.
    pub index: usize,
    /// Whom it sends to.
    pub upstream: Option<usize>,
    /// Whom it sends to while that one is away (R36).
    pub direct: Option<usize>,
    /// It deletes what head office has held for long enough (R33).
    pub purges: bool,
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
    /// What is known of its disk before it is opened.
    told: Option<Reason>,
    /// Entries that upstream gave back to its earlier runs.
    given_back: u64,
    broken: Option<Break>,
}

#[derive(Debug)]
struct Alive {
    node: Node<Disk>,
    driver: Driver,
    /// The second way, if it has one, and whether it is in use.
    direct: Option<(Driver, bool)>,
    nights: Nights,
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
            direct: None,
            purges: false,
            given_back: 0,
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
            told: None,
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
        let seen = Seen {
            place,
            marker: disk.marker_seen(),
            has_journal,
            pos: disk.last_pos(),
            told: self.told.take(),
        };
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
        let relay = self.me.role == Role::Agent;
        // Head office has none above it, and its driver is never asked for anything.
        let way = Way::first(self.upstream.unwrap_or(self.index), relay);
        let driver = Driver::new(way, now_ms, jitter_seed, self.broken);
        let direct =
            self.direct.map(|to| (Driver::new(Way::direct(to), now_ms, !jitter_seed, self.broken), false));
        self.alive = Some(Alive { node, driver, direct, nights: Nights::default(), late: Vec::new() });
        Ok(())
    }

    /// Its disk, found damaged, is set aside, or its computer is replaced and is another `device` from now on: it
    /// begins with an empty disk when it starts next. It must have ended.
    pub fn begin_anew(&mut self, device: Option<DeviceId>) {
        let Some(old) = self.disk.take() else { return };
        match device {
            Some(device) => {
                self.me.device = device;
                self.place.machine = format!("machine {} for {}", self.index, device.to_hex());
            }
            None => self.told = Some(Reason::Damaged),
        }
        self.disk = Some(old.replaced_by(Disk::of(&self.me, self.broken)));
    }

    /// Another computer with the same disk, and with the same surroundings if nobody is to notice.
    pub fn cloned(&mut self, index: usize, unnoticed: bool) -> Option<Self> {
        let mut clone = Self::new(index, self.upstream, self.me.clone(), self.scopes.clone(), self.broken);
        (clone.direct, clone.purges) = (self.direct, self.purges);
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
            self.given_back += alive.driver.taken_back;
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
        if self.upstream.is_none() {
            return Vec::new();
        }
        let Alive { node, driver, direct, .. } = alive;
        let mut out = driver.tick(now_ms, told, node, &self.scopes);
        if let Some((direct, in_use)) = direct {
            let wanted = now_ms.saturating_sub(driver.heard_ms) >= STANDBY_AFTER_MS;
            if wanted && !*in_use {
                out.extend(direct.link_up(now_ms, node));
            }
            *in_use = wanted;
            if wanted {
                let told = direct.has_news(node);
                out.extend(direct.tick(now_ms, told, node, &self.scopes));
            }
        }
        out
    }

    /// Deletes what may go (R33); how many entries went.
    pub fn purge(&mut self, now_ms: i64) -> u64 {
        let Some(alive) = self.alive.as_mut().filter(|_| self.purges) else { return 0 };
        let upstreams: &[&str] = match self.me.role {
            Role::Terminal => &[HQ_MARK, UPSTREAM],
            Role::Agent => &[UPSTREAM],
            // Nobody holds its journal but itself.
            Role::Hq | Role::Office => return 0,
        };
        alive.nights.purge(now_ms, alive.node.store(), upstreams)
    }

    /// Entries that upstream gave back to it so far (R38).
    pub fn entries_given_back(&mut self) -> u64 {
        self.given_back + self.alive.as_ref().map_or(0, |alive| alive.driver.taken_back)
    }

    /// What its driver did that happens seldom.
    pub fn take_notes(&mut self) -> Vec<String> {
        let Some(alive) = &mut self.alive else { return Vec::new() };
        let mut notes = std::mem::take(&mut alive.driver.notes);
        if let Some((direct, _)) = &mut alive.direct {
            notes.append(&mut direct.notes);
        }
        notes
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
        let (Some(_), Some(alive)) = (self.upstream, self.alive.as_mut()) else { return Vec::new() };
        alive.driver.link_up(now_ms, &mut alive.node)
    }

    /// Takes the reply of `from`.
    pub fn on_reply(&mut self, now_ms: i64, from: usize, bytes: &[u8]) -> Vec<Outgoing> {
        let stamp = self.stamp(now_ms);
        let Some(Alive { node, driver, direct, .. }) = &mut self.alive else { return Vec::new() };
        if self.upstream == Some(from) {
            return driver.on_reply(now_ms, bytes, node, stamp);
        }
        let direct = direct.as_mut().filter(|(direct, _)| direct.way.to == from);
        direct.map(|(direct, _)| direct.on_reply(now_ms, bytes, node, stamp)).unwrap_or_default()
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
