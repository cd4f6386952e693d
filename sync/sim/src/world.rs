//! One world: processes, network, time, chance, and what was shown to people.

mod breakage;
mod people;

use sync_proto::fact::{FeedScope, Sold};
use sync_proto::{BusinessDay, DeviceId, Origin, Role, StationCode, TerminalNo};

use sync::Peer;

use crate::Faults;
use crate::network::{Network, Packet, Weather};
use crate::oracle;
use crate::rng::Rng;
use crate::station::{Outgoing, Process};
use crate::workload;

/// Virtual time between two looks at the world.
const STEP_MS: i64 = 25;
/// A process looks at its outbox this often.
const TICK_EVERY_MS: i64 = 100;
/// Bad weather lasts this long.
const STORM_MS: i64 = 15_000;
/// After the last fault everything has arrived within this.
const DRAIN_WITHIN_MS: i64 = 60_000;
/// Most packets in flight; more means that somebody floods.
const IN_FLIGHT_MAX: usize = 5_000;
/// True time at the start, an arbitrary day.
const START_MS: i64 = 1_795_478_400_000;

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Faults that fired.
    pub faults: Faults,
    /// Sales shown as done.
    pub sales: usize,
    /// Milliseconds from healing until everything had arrived.
    pub drained_in_ms: i64,
    /// What was violated, in words; empty when all is well.
    pub violations: Vec<String>,
    /// The last things that happened, oldest first.
    pub trace: Vec<String>,
}

/// A sale that a till showed as done.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Which till (index of the process).
    pub till: usize,
    /// The sale.
    pub sold: Sold,
    /// Its cancellation was shown as done too.
    pub cancelled: bool,
}

/// A world on a seed.
#[derive(Debug)]
pub struct World {
    seed: u64,
    rng: Rng,
    now_ms: i64,
    network: Network,
    processes: Vec<Process>,
    faults: Faults,
    shown: Vec<Shown>,
    day: BusinessDay,
    ships: u64,
    trace: Vec<String>,
    violations: Vec<String>,
}

const HQ: usize = 0;

impl World {
    /// Builds the world of a seed; `None` only if its fixed texts were not valid ids.
    pub fn new(seed: u64) -> Option<Self> {
        let mut rng = Rng::new(seed);
        let weather =
            Weather { loss: rng.below(300), repeat: rng.below(200), delay_ms_max: rng.between(5, 1_500) };
        let mut processes =
            vec![Process::new(HQ, None, origin("HQ", 0, Role::Hq, None, &mut rng)?, Vec::new())];
        let stations = 1 + rng.below(2);
        for station in 1..=stations {
            let code = format!("ST{station:04}");
            let scopes = vec![FeedScope::Chain, FeedScope::Station(StationCode::new(code.clone()).ok()?)];
            let agent = processes.len();
            let me = origin(&code, agent, Role::Agent, None, &mut rng)?;
            processes.push(Process::new(agent, Some(HQ), me, scopes.clone()));
            for terminal in 1..=1 + rng.below(2) {
                let no = Some(TerminalNo(u16::try_from(terminal).ok()?));
                let index = processes.len();
                let me = origin(&code, index, Role::Terminal, no, &mut rng)?;
                processes.push(Process::new(index, Some(agent), me, scopes.clone()));
            }
        }
        Some(Self {
            seed,
            rng,
            now_ms: START_MS,
            network: Network::new(weather),
            processes,
            faults: Faults::default(),
            shown: Vec::new(),
            day: workload::day()?,
            ships: 0,
            trace: Vec::new(),
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
        let storm_end_ms = self.now_ms + STORM_MS;
        while self.now_ms < storm_end_ms && self.violations.is_empty() {
            self.act();
            self.break_something();
            self.step();
        }
        self.heal();
        let healed_ms = self.now_ms;
        while !self.drained() && self.now_ms < healed_ms + DRAIN_WITHIN_MS && self.violations.is_empty() {
            self.step();
        }
        let drained_in_ms = self.now_ms - healed_ms;
        if self.violations.is_empty() {
            if drained_in_ms >= DRAIN_WITHIN_MS {
                self.violations.push(format!("I7: not drained {DRAIN_WITHIN_MS} ms after healing"));
            }
            tamper(&mut self.processes, &mut self.shown);
            self.violations.extend(oracle::judge(&mut self.processes, &self.shown));
        }
        self.faults.disk_full += self
            .processes
            .iter_mut()
            .map(|process| process.disk().map_or(0, |disk| disk.refused))
            .sum::<u64>();
        Report {
            seed: self.seed,
            faults: self.faults,
            sales: self.shown.len(),
            drained_in_ms,
            violations: self.violations,
            trace: self.trace,
        }
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if self.trace.len() >= 200 {
            self.trace.remove(0);
        }
        let line = format!("{:>7} ms  {}", self.now_ms - START_MS, what());
        self.trace.push(line);
    }

    fn start(&mut self, index: usize) {
        let (entropy, jitter, now_ms) = (self.rng.sixteen(), self.rng.bits(), self.now_ms);
        let outcome = self.processes.get_mut(index).map(|process| process.start(now_ms, entropy, jitter));
        if let Some(Err(why)) = outcome {
            self.violations.push(format!("process {index} does not start on its own disk: {why}"));
        }
        self.note(|| format!("{index} starts"));
    }

    fn kill(&mut self, index: usize, after_commit: bool) {
        let until_ms = self.now_ms + self.rng.between(50, 3_000);
        if let Some(process) = self.processes.get_mut(index).filter(|process| process.is_alive()) {
            process.kill(until_ms);
            self.faults.killed += 1;
            self.faults.killed_after_commit += u64::from(after_commit);
            self.note(|| format!("{index} is killed{}", if after_commit { " after a commit" } else { "" }));
        }
    }

    /// Kills a process whose disk says that it died in a commit.
    fn bury(&mut self, index: usize) {
        let died =
            self.processes.get_mut(index).and_then(Process::node).is_some_and(|node| node.store().died);
        if died {
            self.kill(index, true);
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
                self.start(index);
            }
        }
        while let Some(packet) = self.network.receive(now_ms, &mut self.faults) {
            self.deliver(&packet);
        }
        if now_ms % TICK_EVERY_MS == 0 {
            for index in 0..self.processes.len() {
                let out = self.processes.get_mut(index).map(|process| process.tick(now_ms));
                self.send(index, out.unwrap_or_default());
                self.bury(index);
            }
        }
        let broken = self.processes.iter_mut().find_map(Process::level_trigger_violation);
        self.violations.extend(broken);
        if self.network.len() > IN_FLIGHT_MAX {
            self.violations.push(format!("memory: {} packets in flight", self.network.len()));
        }
    }

    fn deliver(&mut self, packet: &Packet) {
        let now_ms = self.now_ms;
        if packet.reply {
            let out = self
                .processes
                .get_mut(packet.to)
                .filter(|process| process.life == packet.life)
                .map(|process| process.on_reply(now_ms, &packet.bytes));
            self.send(packet.to, out.unwrap_or_default());
            self.bury(packet.to);
            return;
        }
        let Some(peer) = self.processes.get(packet.from).map(|process| peer_of(&process.me)) else { return };
        let reply = self
            .processes
            .get_mut(packet.to)
            .and_then(|process| process.answer(now_ms, &peer, &packet.bytes));
        if let Some(bytes) = reply {
            let back = Packet { from: packet.to, to: packet.from, reply: true, life: packet.life, bytes };
            self.network.send(now_ms, &back, &mut self.rng, &mut self.faults);
        }
        self.bury(packet.to);
    }

    fn send(&mut self, from: usize, out: Vec<Outgoing>) {
        let life = self.processes.get(from).map_or(0, |process| process.life);
        for Outgoing { to, bytes } in out {
            let packet = Packet { from, to, reply: false, life, bytes };
            self.network.send(self.now_ms, &packet, &mut self.rng, &mut self.faults);
        }
    }

    fn heal(&mut self) {
        self.network.heal();
        self.note(|| "everything heals".to_owned());
        for index in 0..self.processes.len() {
            if let Some(process) = self.processes.get_mut(index) {
                process.clock_skew_ms = 0;
                if let Some(disk) = process.disk() {
                    disk.faults = crate::disk::DiskFaults::default();
                }
                if !process.is_alive() {
                    self.start(index);
                }
            }
        }
    }

    fn drained(&mut self) -> bool {
        self.network.is_empty() && oracle::nothing_pending(&mut self.processes).is_empty()
    }
}

fn origin(
    station: &str,
    index: usize,
    role: Role,
    terminal: Option<TerminalNo>,
    rng: &mut Rng,
) -> Option<Origin> {
    let mut device = rng.sixteen();
    // The index in front makes traces readable and ids certainly different.
    if let (Some(first), Ok(index)) = (device.first_mut(), u8::try_from(index)) {
        *first = index;
    }
    Some(Origin { station: StationCode::new(station).ok()?, device: DeviceId(device), role, terminal })
}

fn peer_of(me: &Origin) -> Peer {
    Peer { station: me.station.clone(), device: me.device, role: me.role, terminal: me.terminal }
}
