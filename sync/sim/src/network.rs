//! A network that loses, repeats, reorders, delays and cuts.

use std::collections::BTreeMap;

use crate::Faults;
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
    /// Longest delay, milliseconds.
    pub delay_ms_max: i64,
}

impl Weather {
    /// After healing.
    pub const CALM: Self = Self { loss: 0, repeat: 0, delay_ms_max: 5 };
}

/// Every packet in flight, by time of arrival.
#[derive(Debug)]
pub struct Network {
    weather: Weather,
    in_flight: BTreeMap<(i64, u64), Packet>,
    /// One-way cuts: (from, to) until when.
    cuts: BTreeMap<(usize, usize), i64>,
    counter: u64,
    newest_delivered: BTreeMap<(usize, usize), u64>,
}

impl Network {
    /// An empty network.
    pub const fn new(weather: Weather) -> Self {
        Self {
            weather,
            in_flight: BTreeMap::new(),
            cuts: BTreeMap::new(),
            counter: 0,
            newest_delivered: BTreeMap::new(),
        }
    }

    /// Ends all cuts and bad weather; packets in flight still arrive.
    pub fn heal(&mut self) {
        self.weather = Weather::CALM;
        self.cuts.clear();
    }

    /// Cuts one direction until `until_ms`.
    pub fn cut(&mut self, from: usize, to: usize, until_ms: i64) {
        self.cuts.insert((from, to), until_ms);
    }

    /// Hands a packet to the network.
    pub fn send(&mut self, now_ms: i64, packet: &Packet, rng: &mut Rng, faults: &mut Faults) {
        if self.cuts.get(&(packet.from, packet.to)).is_some_and(|until_ms| now_ms < *until_ms) {
            faults.cut += 1;
            return;
        }
        if rng.permille(self.weather.loss) {
            faults.lost += 1;
            return;
        }
        let copies = if rng.permille(self.weather.repeat) { 2 } else { 1 };
        faults.repeated += copies - 1;
        for _ in 0..copies {
            self.counter += 1;
            let at_ms = now_ms.saturating_add(rng.between(1, self.weather.delay_ms_max));
            self.in_flight.insert((at_ms, self.counter), packet.clone());
        }
    }

    /// When the next packet arrives.
    pub fn next_at(&self) -> Option<i64> {
        self.in_flight.keys().next().map(|(at_ms, _)| *at_ms)
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
        let key = *self.in_flight.keys().next().filter(|(at_ms, _)| *at_ms <= now_ms)?;
        let packet = self.in_flight.remove(&key)?;
        let newest = self.newest_delivered.entry((packet.from, packet.to)).or_default();
        if key.1 < *newest {
            faults.reordered += 1;
        }
        *newest = key.1.max(*newest);
        Some(packet)
    }
}
