//! A network that loses, repeats, reorders, delays, flips and cuts, with a broker in it that lies.

use std::collections::{BTreeMap, VecDeque};

use crate::faults::{Fault, Faults, Plan};
use crate::rng::Rng;

/// A message on its way.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Who sent it (index of the process).
    pub from: usize,
    /// Who gets it.
    pub to: usize,
    /// Whether it answers a request.
    pub reply: bool,
    /// Whether it goes over the broker.
    pub brokered: bool,
    /// Life of the sender that a reply is for; a later life does not know the request.
    pub life: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// How bad it is, in occurrences per 1,000 messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// Lost.
    pub loss: u64,
    /// Delivered twice.
    pub repeat: u64,
    /// With a flipped bit.
    pub flip: u64,
    /// Longest delay, milliseconds.
    pub delay_ms_max: i64,
    /// Taken by the broker and dropped.
    pub broker_drop: u64,
    /// Chance of an old message with each new one.
    pub broker_repeat: u64,
}

impl Weather {
    /// After healing.
    pub const CALM: Self =
        Self { loss: 0, repeat: 0, flip: 0, delay_ms_max: 5, broker_drop: 0, broker_repeat: 0 };

    /// Of a storm.
    pub fn stormy(rng: &mut Rng) -> Self {
        Self {
            loss: rng.below(300),
            repeat: rng.below(200),
            flip: rng.below(30),
            delay_ms_max: rng.between(5, 1_500),
            broker_drop: rng.below(100),
            broker_repeat: rng.below(60),
        }
    }
}

/// How a direction of a link is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// As which fault it counts.
    pub kind: Fault,
    /// It ends then.
    pub until_ms: i64,
    /// It is down for so long, up for so long, and so on; 0 is down all the time.
    pub period_ms: i64,
}

impl Cut {
    const fn is_down(&self, now_ms: i64) -> bool {
        now_ms < self.until_ms && (self.period_ms == 0 || (now_ms / self.period_ms) % 2 == 0)
    }
}

/// A message that takes this long counts as delayed.
const DELAYED_MS: i64 = 1_000;

/// Messages of long ago that the broker can repeat.
const BROKER_KEEPS: usize = 32;

/// Every packet in flight, by time of arrival.
#[derive(Debug)]
pub struct Network {
    weather: Weather,
    plan: Plan,
    in_flight: BTreeMap<(i64, u64), Packet>,
    cuts: BTreeMap<(usize, usize), Cut>,
    counter: u64,
    /// Number and time of the last packet that arrived, by direction.
    newest: BTreeMap<(usize, usize), u64>,
    /// With no reordering: nothing arrives before what was sent before it.
    not_before_ms: BTreeMap<(usize, usize), i64>,
    kept: VecDeque<Packet>,
}

impl Network {
    /// An empty network.
    pub const fn new(weather: Weather, plan: Plan) -> Self {
        Self {
            weather,
            plan,
            in_flight: BTreeMap::new(),
            cuts: BTreeMap::new(),
            counter: 0,
            newest: BTreeMap::new(),
            not_before_ms: BTreeMap::new(),
            kept: VecDeque::new(),
        }
    }

    /// Ends all cuts and bad weather; packets in flight still arrive.
    pub fn heal(&mut self) {
        self.weather = Weather::CALM;
        self.cuts.clear();
        self.kept.clear();
    }

    /// Interrupts one direction.
    pub fn cut(&mut self, from: usize, to: usize, cut: Cut) {
        self.cuts.insert((from, to), cut);
    }

    /// The broker starts anew with nothing.
    pub fn wipe_broker(&mut self, faults: &mut Faults) {
        let before = self.in_flight.len();
        self.in_flight.retain(|_, packet| !packet.brokered);
        self.kept.clear();
        if self.in_flight.len() < before {
            faults.hit(Fault::BrokerWiped);
        }
    }

    /// Hands a packet to the network.
    pub fn send(&mut self, now_ms: i64, packet: Packet, rng: &mut Rng, faults: &mut Faults) {
        if let Some(cut) = self.cuts.get(&(packet.from, packet.to)).filter(|cut| cut.is_down(now_ms)) {
            faults.hit(cut.kind);
            return;
        }
        let mut chance = |fault, permille| self.plan.allows(fault) && rng.permille(permille);
        if chance(Fault::Lost, self.weather.loss) {
            faults.hit(Fault::Lost);
            return;
        }
        if packet.brokered && chance(Fault::BrokerDropped, self.weather.broker_drop) {
            faults.hit(Fault::BrokerDropped);
            return;
        }
        let twice = chance(Fault::Repeated, self.weather.repeat);
        let again = packet.brokered && chance(Fault::BrokerRepeated, self.weather.broker_repeat);
        let flipped = chance(Fault::BitFlipped, self.weather.flip);
        if again
            && let Some(old) = self.kept.get(usize::try_from(rng.below(BROKER_KEEPS as u64)).unwrap_or(0))
        {
            faults.hit(Fault::BrokerRepeated);
            let old = old.clone();
            self.put(now_ms, old, rng, faults);
        }
        if packet.brokered && self.weather.broker_repeat > 0 {
            if self.kept.len() >= BROKER_KEEPS {
                self.kept.pop_front();
            }
            self.kept.push_back(packet.clone());
        }
        if twice {
            faults.hit(Fault::Repeated);
            self.put(now_ms, packet.clone(), rng, faults);
        }
        let packet = if flipped { with_a_bit_flipped(packet, rng, faults) } else { packet };
        self.put(now_ms, packet, rng, faults);
    }

    fn put(&mut self, now_ms: i64, packet: Packet, rng: &mut Rng, faults: &mut Faults) {
        let way = (packet.from, packet.to);
        let delay_ms_max = if self.plan.allows(Fault::Delayed) {
            self.weather.delay_ms_max
        } else {
            self.weather.delay_ms_max.min(100)
        };
        let mut at_ms = now_ms.saturating_add(rng.between(1, delay_ms_max));
        if !self.plan.allows(Fault::Reordered) {
            let not_before_ms = self.not_before_ms.entry(way).or_default();
            at_ms = at_ms.max(*not_before_ms);
            *not_before_ms = at_ms;
        }
        if at_ms.saturating_sub(now_ms) >= DELAYED_MS {
            faults.hit(Fault::Delayed);
        }
        self.counter += 1;
        self.in_flight.insert((at_ms, self.counter), packet);
    }

    /// Packets in flight.
    pub fn len(&self) -> usize {
        self.in_flight.len()
    }

    /// Whether nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// The next packet that has arrived by `now_ms`.
    pub fn receive(&mut self, now_ms: i64, faults: &mut Faults) -> Option<Packet> {
        let entry = self.in_flight.first_entry().filter(|entry| entry.key().0 <= now_ms)?;
        let ((_, number), packet) = entry.remove_entry();
        let newest = self.newest.entry((packet.from, packet.to)).or_default();
        if number < *newest {
            faults.hit(Fault::Reordered);
        }
        *newest = number.max(*newest);
        Some(packet)
    }
}

fn with_a_bit_flipped(mut packet: Packet, rng: &mut Rng, faults: &mut Faults) -> Packet {
    let len = u64::try_from(packet.bytes.len()).unwrap_or(0);
    let (at, bit) = (usize::try_from(rng.below(len)).unwrap_or(0), rng.below(8));
    if let Some(byte) = packet.bytes.get_mut(at) {
        *byte ^= 1 << bit;
        faults.hit(Fault::BitFlipped);
    }
    packet
}
