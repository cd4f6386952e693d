//! One world: processes, network, time, chance, and what was shown to people.

use sync_proto::fact::{FeedScope, Sold};
use sync_proto::ids::mint_sale_id;
use sync_proto::{BusinessDay, DeviceId, Fact, Origin, Role, StationCode, TerminalNo};

use sync::{Draft, Peer};

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

    /// What people do.
    fn act(&mut self) {
        for index in 0..self.processes.len() {
            let role = self.processes.get(index).map(|process| process.me.role);
            match role {
                Some(Role::Terminal) if self.rng.permille(60) => self.sell(index),
                Some(Role::Terminal) if self.rng.permille(8) => self.cancel(index),
                Some(Role::Agent) if self.rng.permille(10) => self.move_stock(index),
                Some(Role::Agent) if self.rng.permille(15) => self.receive_delivery(index),
                Some(Role::Hq) if self.rng.permille(10) => self.change_price(),
                Some(Role::Hq) if self.rng.permille(10) => self.ship(),
                _ => {}
            }
            self.bury(index);
        }
    }

    fn sell(&mut self, index: usize) {
        let day = self.day.clone();
        let Some(process) = self.processes.get_mut(index) else { return };
        let (me, now_ms) = (process.me.clone(), self.now_ms);
        let Some(node) = process.node() else { return };
        let own = node.own_stream();
        let Ok(outbox) = node.outbox(crate::station::UPSTREAM) else { return };
        let counter = outbox.iter().find(|each| each.stream == own).map_or(0, |each| each.head.0);
        let Some(Ok(id)) = me.terminal.map(|no| mint_sale_id(&me.station, no, &own.incarnation, counter + 1))
        else {
            return;
        };
        let Some(sold) = workload::sale(id, &mut self.rng) else { return };
        let done = process.record(now_ms, &day, &[Draft::new(Fact::Sold(sold.clone()))]).is_some();
        if done {
            self.note(|| format!("{index} sold {}", sold.sale));
            self.shown.push(Shown { till: index, sold, cancelled: false });
        }
    }

    fn cancel(&mut self, index: usize) {
        let (day, now_ms) = (self.day.clone(), self.now_ms);
        let open: Vec<usize> = self
            .shown
            .iter()
            .enumerate()
            .filter(|(_, shown)| shown.till == index && !shown.cancelled)
            .map(|(at, _)| at)
            .collect();
        let pick = usize::try_from(self.rng.below(u64::try_from(open.len()).unwrap_or(1))).unwrap_or(0);
        let (Some(shown), Some(process)) =
            (open.get(pick).and_then(|at| self.shown.get_mut(*at)), self.processes.get_mut(index))
        else {
            return;
        };
        let draft = Draft::new(Fact::SaleCancelled(workload::cancellation(&shown.sold)));
        if process.record(now_ms, &day, &[draft]).is_some() {
            shown.cancelled = true;
        }
    }

    fn move_stock(&mut self, index: usize) {
        let (day, now_ms) = (self.day.clone(), self.now_ms);
        if let (Some(draft), Some(process)) =
            (workload::movement(&mut self.rng), self.processes.get_mut(index))
        {
            process.record(now_ms, &day, &[draft]);
        }
    }

    fn receive_delivery(&mut self, index: usize) {
        let (day, now_ms) = (self.day.clone(), self.now_ms);
        let Some(process) = self.processes.get_mut(index).filter(|process| process.is_alive()) else {
            return;
        };
        let expected = process.disk().and_then(|disk| oracle::first_expected_delivery(&disk.durable));
        if let Some(expected) = expected
            && let Some(draft) = workload::receipt(
                &expected.order_id,
                &expected.ship_id,
                &expected.product_id,
                expected.quantity_milli,
                &mut self.rng,
            )
        {
            process.record(now_ms, &day, &[draft]);
        }
    }

    fn change_price(&mut self) {
        let at_ms = self.now_ms + self.rng.between(-1_000, 5_000);
        let price = self.rng.between(1_200, 2_400);
        if let Some((fact, scope, key)) = workload::price(price, at_ms) {
            self.publish(fact, scope, key);
        }
    }

    fn ship(&mut self) {
        let stations: Vec<StationCode> = self
            .processes
            .iter()
            .filter(|process| process.me.role == Role::Agent)
            .map(|process| process.me.station.clone())
            .collect();
        let pick = usize::try_from(self.rng.below(u64::try_from(stations.len()).unwrap_or(1))).unwrap_or(0);
        self.ships += 1;
        if let Some(station) = stations.get(pick)
            && let Some((fact, scope, key)) = workload::shipment(station, self.ships, &mut self.rng)
        {
            self.publish(fact, scope, key);
        }
    }

    fn publish(&mut self, fact: Fact, scope: FeedScope, key: String) {
        let now_ms = self.now_ms;
        if let Some(hq) = self.processes.get_mut(HQ) {
            hq.publish(now_ms, fact, scope, key);
        }
        self.bury(HQ);
    }

    /// What goes wrong.
    fn break_something(&mut self) {
        let count = u64::try_from(self.processes.len()).unwrap_or(1);
        let index = usize::try_from(self.rng.below(count)).unwrap_or(0);
        match self.rng.below(1_000) {
            0..15 => self.kill(index, false),
            15..30 => {
                if let Some(disk) = self.processes.get_mut(index).and_then(Process::disk) {
                    disk.faults.die_after_commit = true;
                }
            }
            30..40 => {
                if let Some(disk) = self.processes.get_mut(index).and_then(Process::disk) {
                    disk.faults.full = !disk.faults.full;
                }
            }
            40..60 => self.cut_link(index),
            60..70 => {
                let skew_ms = self.rng.between(-3 * 86_400_000, 5 * 365 * 86_400_000);
                if let Some(process) = self.processes.get_mut(index) {
                    process.clock_skew_ms = skew_ms;
                    self.faults.clock_jumps += 1;
                }
            }
            _ => {}
        }
    }

    fn cut_link(&mut self, index: usize) {
        let until_ms = self.now_ms + self.rng.between(100, 6_000);
        let Some(to) = self.processes.get(index).and_then(|process| process.upstream) else { return };
        let way = self.rng.below(3);
        if way != 1 {
            self.network.cut(index, to, until_ms);
        }
        if way != 0 {
            self.network.cut(to, index, until_ms);
        }
        self.note(|| format!("the link {index} - {to} is cut, way {way}"));
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
