//! One world: processes, network, time, chance, and what was shown to people.

mod cast;
mod copies;
mod people;
mod report;
mod trouble;

use std::collections::{BTreeSet, VecDeque};

use sync_proto::{BusinessDay, Role};

use crate::disk::{Dies, DiskFaults};
use crate::faults::{Fault, Faults};
use crate::network::{Network, Packet, Weather};
use crate::oracle;
use crate::rng::Rng;
use crate::station::{Outgoing, Process};
use crate::workload;
use cast::{peer_of, processes};
use copies::Copies;

pub use report::{Report, Shown, WorldOptions};

/// Virtual time between two looks at the world.
const STEP_MS: i64 = 25;
/// Bad weather lasts this many steps: 15 seconds.
pub const STORM_STEPS: u32 = 600;
/// After the last fault everything has arrived within this.
const DRAIN_WITHIN_MS: i64 = 60_000;
/// Whether everything has arrived is looked at this often.
const DRAINED_EVERY_MS: i64 = 100;
/// Most packets in flight; more means that somebody floods.
const IN_FLIGHT_MAX: usize = 5_000;
/// Lines of a trace that are kept: the last ones before a violation tell most.
const TRACE_LINES_MAX: usize = 400;
/// True time at the start, an arbitrary day.
const START_MS: i64 = 1_795_478_400_000;

/// Chance, apart for each use of it: with a fault left out the rest happens as before.
#[derive(Debug)]
struct Chances {
    network: Rng,
    people: Rng,
    trouble: Rng,
    entropy: Rng,
}

/// A world on a seed.
#[derive(Debug)]
pub struct World {
    seed: u64,
    options: WorldOptions,
    chances: Chances,
    now_ms: i64,
    network: Network,
    processes: Vec<Process>,
    /// Life of its upstream with which each process was last linked.
    linked: Vec<u64>,
    faults: Faults,
    shown: Vec<Shown>,
    day: BusinessDay,
    ships: u64,
    calm: bool,
    copies: Vec<Copies>,
    /// Head office may lose entries: nobody else does, so the audits have something to put back.
    loses_entries: bool,
    /// Disks of this world that went wrong so far.
    disks_wrong: u64,
    /// Entries as they were before a bit of them was flipped.
    flipped: Vec<Vec<u8>>,
    /// Entries that stood on one disk alone, which then lost them.
    destroyed: BTreeSet<Vec<u8>>,
    trace: VecDeque<String>,
    violations: Vec<String>,
}

const HQ: usize = 0;

impl World {
    /// Builds the world of a seed; `None` only if its fixed texts were not valid ids.
    pub fn new(seed: u64, options: WorldOptions) -> Option<Self> {
        let mut root = Rng::new(seed);
        let mut chances = Chances {
            network: Rng::new(root.bits()),
            people: Rng::new(root.bits()),
            trouble: Rng::new(root.bits()),
            entropy: Rng::new(root.bits()),
        };
        let weather = Weather::stormy(&mut chances.network);
        let mut processes = processes(&mut root, options.broken)?;
        let mut copies = Copies::drawn(&mut chances.trouble, &processes);
        let purges = chances.trouble.below(2) == 0;
        copies.retain(|copies| options.plan.allows(copies.fault));
        if !options.plan.allows(Fault::SecondDisk) {
            copies.truncate(1);
        }
        let direct = options.plan.allows(Fault::AgentAway) && !copies.iter().any(Copies::stands_alone);
        let purges = purges && options.plan.allows(Fault::Purged) && !copies.iter().any(Copies::is_older);
        // Where nothing but head office loses what it held, the stations have all of it still.
        let loses_entries = !purges && copies.iter().all(|copies| copies.fault == Fault::HqRestored);
        for process in &mut processes {
            process.direct = (direct && process.me.role == Role::Terminal).then_some(HQ);
            process.purges = purges;
        }
        Some(Self {
            seed,
            options,
            chances,
            now_ms: START_MS,
            network: Network::new(weather, options.plan),
            linked: vec![0; processes.len()],
            loses_entries,
            processes,
            faults: Faults::default(),
            shown: Vec::new(),
            day: workload::day()?,
            ships: 0,
            calm: false,
            copies,
            disks_wrong: 0,
            flipped: Vec::new(),
            destroyed: BTreeSet::new(),
            trace: VecDeque::new(),
            violations: Vec::new(),
        })
    }

    /// Runs the storm, heals everything, lets it drain, and asks the oracle.
    pub fn run(self) -> Report {
        self.run_tampered(|_, _| {})
    }

    /// The same, with something changed behind the product's back just before the oracle looks: an oracle
    /// that finds nothing then is no oracle.
    pub fn run_tampered(mut self, tamper: impl FnOnce(&mut [Process], &mut Vec<Shown>)) -> Report {
        for index in 0..self.processes.len() {
            self.start(index);
        }
        for (fact, scope, key) in workload::catalogue() {
            self.publish(fact, scope, key);
        }
        let mut steps = 0;
        while steps < STORM_STEPS.min(self.options.plan.steps_max) && self.violations.is_empty() {
            steps += 1;
            self.act();
            self.break_something();
            self.copy_or_put_back(steps);
            self.step();
        }
        self.heal();
        let drained_in_ms = self.drain();
        let given_back = self.processes.iter_mut().map(Process::entries_given_back).sum();
        let refused = self.processes.iter_mut().filter_map(|each| each.disk().map(|disk| disk.refused)).sum();
        self.faults.add_times(Fault::DiskFull, refused);
        if self.violations.is_empty() {
            tamper(&mut self.processes, &mut self.shown);
            let is = |what: fn(&Copies) -> bool| self.copies.iter().any(what);
            let known = oracle::Known {
                shown: &self.shown,
                destroyed: &self.destroyed,
                doubtful: is(Copies::is_unnoticed),
                forgetful: is(Copies::is_of_an_agent),
            };
            self.violations.extend(oracle::judge(&mut self.processes, &known));
        }
        Report {
            seed: self.seed,
            faults: self.faults,
            sales: self.shown.len(),
            drained_in_ms,
            steps,
            small: self.processes.iter().filter(|each| each.me.role == Role::Agent).count() == 1,
            given_back,
            took: None,
            violations: self.violations,
            trace: self.trace.into(),
        }
    }

    /// Waits until everything has arrived, with no fault any more. Milliseconds that it took.
    fn drain(&mut self) -> i64 {
        let healed_ms = self.now_ms;
        while self.violations.is_empty() {
            let took_ms = self.now_ms - healed_ms;
            if took_ms % DRAINED_EVERY_MS == 0 && self.drained() {
                return took_ms;
            }
            if took_ms >= DRAIN_WITHIN_MS {
                self.violations.push(format!("I7: not drained {DRAIN_WITHIN_MS} ms after healing"));
                self.violations.extend(oracle::nothing_pending(&mut self.processes));
            }
            self.step();
        }
        self.now_ms - healed_ms
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if !self.options.traced {
            return;
        }
        if self.trace.len() >= TRACE_LINES_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(format!("{:>6} ms  {}", self.now_ms - START_MS, what()));
    }

    fn start(&mut self, index: usize) {
        let (entropy, jitter) = (self.chances.entropy.sixteen(), self.chances.entropy.bits());
        let now_ms = self.now_ms;
        let outcome = self.processes.get_mut(index).map(|process| process.start(now_ms, entropy, jitter));
        if let Some(Err(why)) = outcome {
            self.violations.push(format!("process {index} does not start on its own disk: {why}"));
        }
        self.note(|| format!("{index} starts"));
    }

    fn kill(&mut self, index: usize, fault: Fault) {
        if self.end(index) {
            self.faults.hit(fault);
            self.note(|| format!("{index} dies: {}", fault.name()));
        }
    }

    /// Ends a process for a while, if it runs.
    fn end(&mut self, index: usize) -> bool {
        let until_ms = self.now_ms + self.chances.entropy.between(50, 3_000);
        let running = self.processes.get_mut(index).filter(|process| process.is_alive());
        running.map(|process| process.kill(until_ms)).is_some()
    }

    /// Kills a process whose disk says that it died in a commit, and listens to what the disk has to say.
    fn bury(&mut self, index: usize) {
        let Some(disk) = self.processes.get_mut(index).and_then(Process::disk) else { return };
        let (died, violation) = (disk.died, disk.violation.take());
        self.violations.extend(violation);
        match died {
            Some(Dies::After) => self.kill(index, Fault::KilledAfterCommit),
            Some(Dies::Within) => self.kill(index, Fault::CommitTorn),
            None => {}
        }
    }

    fn step(&mut self) {
        self.now_ms += STEP_MS;
        let now_ms = self.now_ms;
        for index in 0..self.processes.len() {
            let due = self
                .processes
                .get(index)
                .and_then(|process| process.dead_until_ms)
                .is_some_and(|until_ms| until_ms <= now_ms);
            if due {
                self.set_aside_if_damaged(index);
                self.start(index);
            }
        }
        while let Some(packet) = self.network.receive(now_ms, &mut self.faults) {
            self.deliver(&packet);
        }
        for index in 0..self.processes.len() {
            self.link_up(index);
            self.tick(index);
        }
        let broken = self.processes.iter_mut().find_map(|each| each.level_trigger_violation(now_ms));
        self.violations.extend(broken);
        if self.network.len() > IN_FLIGHT_MAX {
            self.violations.push(format!("memory: {} packets in flight", self.network.len()));
        }
    }

    fn tick(&mut self, index: usize) {
        let now_ms = self.now_ms;
        let Some(process) = self.processes.get_mut(index) else { return };
        let mut told = process.has_news();
        if told
            && !self.calm
            && self.options.plan.allows(Fault::WakeUpLost)
            && self.chances.trouble.permille(100)
        {
            process.lose_news();
            self.faults.hit(Fault::WakeUpLost);
            told = false;
        }
        let out = process.tick(now_ms, told);
        let purged = process.purge(now_ms);
        self.faults.add_times(Fault::Purged, purged);
        self.send(index, out);
        self.bury(index);
    }

    /// A process sees after a while that its upstream is there again; or never, if that is lost.
    fn link_up(&mut self, index: usize) {
        let upstream = self.processes.get(index).and_then(|process| process.upstream);
        let life = upstream
            .and_then(|upstream| self.processes.get(upstream))
            .filter(|process| process.is_alive())
            .map(|process| process.life);
        let (Some(life), Some(linked)) = (life, self.linked.get_mut(index)) else { return };
        if *linked == life || !self.chances.entropy.permille(200) {
            return;
        }
        *linked = life;
        let now_ms = self.now_ms;
        let out = self.processes.get_mut(index).map(|process| process.link_up(now_ms));
        self.send(index, out.unwrap_or_default());
        self.bury(index);
    }

    fn deliver(&mut self, packet: &Packet) {
        let now_ms = self.now_ms;
        if packet.reply {
            let out = self
                .processes
                .get_mut(packet.to)
                .filter(|process| process.life == packet.life)
                .map(|process| process.on_reply(now_ms, packet.from, &packet.bytes));
            self.send(packet.to, out.unwrap_or_default());
            self.bury(packet.to);
            return;
        }
        let Some(peer) = self.processes.get(packet.from).map(|process| peer_of(&process.me)) else { return };
        let Some(process) = self.processes.get_mut(packet.to) else { return };
        if let Some(bytes) = process.answer(now_ms, &peer, &packet.bytes) {
            let early = process.disk().and_then(|disk| oracle::acknowledged_too_early(&bytes, &disk.durable));
            self.violations.extend(early.map(|what| format!("{what} at process {}", packet.to)));
            let (from, to, life, brokered) = (packet.to, packet.from, packet.life, packet.brokered);
            let back = Packet { from, to, reply: true, brokered, life, bytes };
            self.network.send(now_ms, back, &mut self.chances.network, &mut self.faults);
        }
        self.bury(packet.to);
    }

    fn send(&mut self, from: usize, out: Vec<Outgoing>) {
        let notes = self.processes.get_mut(from).map(Process::take_notes);
        notes.unwrap_or_default().into_iter().for_each(|what| self.note(|| format!("{from}: {what}")));
        let Some(process) = self.processes.get(from) else { return };
        let (life, direct) = (process.life, process.direct);
        for Outgoing { to, bytes } in out {
            if direct == Some(to) {
                self.faults.hit(Fault::AgentAway);
            }
            // Only an agent speaks to head office over the broker.
            let brokered = to == HQ && direct != Some(to);
            let packet = Packet { from, to, reply: false, brokered, life, bytes };
            self.network.send(self.now_ms, packet, &mut self.chances.network, &mut self.faults);
        }
    }

    fn heal(&mut self) {
        self.calm = true;
        self.network.heal();
        self.note(|| "everything heals".to_owned());
        for index in 0..self.processes.len() {
            if let Some(process) = self.processes.get_mut(index) {
                process.clock_skew_ms = 0;
                if let Some(disk) = process.disk() {
                    disk.faults = DiskFaults::default();
                }
            }
            self.set_aside_if_damaged(index);
            if self.processes.get(index).is_some_and(|process| !process.is_alive()) {
                self.start(index);
            }
        }
    }

    fn drained(&mut self) -> bool {
        // What head office lost comes back with an audit, for which nothing is pending anywhere (R29).
        let whole = |world: &mut Self| {
            world.processes.get_mut(HQ).and_then(Process::disk).is_none_or(|disk| !disk.is_damaged())
        };
        self.network.is_empty() && oracle::nothing_pending(&mut self.processes).is_empty() && whole(self)
    }
}
