//! Who may send a backlog now (R30): so many streams at a time, the others in turn.
//!
//! After an outage thousands of stations come back with days of sales. Each that is let in at once would have its share
//! of nothing, and each batch that waits is memory. So a stream with a backlog needs one of [`DRAINS_MAX`] places. Who
//! finds none is told when to ask again and keeps its number in the queue; it sends nothing meanwhile and holds nothing
//! here but that number. A turn ends after [`TURN_ENTRIES`] or [`TURN_MS`] if somebody waits. Fresh sales of other
//! stations need no place.
//!
//! Pure: the time comes in as an argument, milliseconds of a clock that never goes back.

use std::collections::{BTreeMap, HashMap};

use sync_proto::engine::Jitter;
use sync_proto::wire::Credit;
use sync_proto::{DeviceId, Seq, StreamId};

/// Streams that drain at once. Of backlogs of a few hundred entries, each a hello and one batch, so many keep the writer
/// busy though each takes a tenth of a second on its way; more of them would only share what it does.
pub const DRAINS_MAX: usize = 32;

/// Batches on their way, of all that drain.
const CREDIT_MAX: usize = 32;

/// Batches of drains that are open at once: decompressed and decoded each is some megabytes, and beyond what two
/// commits take, more of them would only wait.
pub const DRAIN_OPEN_MAX: usize = 16;

/// Up to so many entries are what a station sells while its line is down for minutes; they need no place, and are
/// stored in a few milliseconds.
pub const LIVE_ENTRIES_MAX: u64 = 50;

/// Entries of a turn while others wait: some seconds' work when all places are taken.
const TURN_ENTRIES: u64 = 10_000;

/// A station on a slow line has its place for so long at a time while others wait.
const TURN_MS: i64 = 5_000;

/// Places that one device's streams may have while another device waits: an agent forwards the journals of its tills.
const PLACES_OF_ONE_MAX: usize = 2;

/// A place whose holder says nothing for as long as a reply may take is free again.
const IDLE_MS: i64 = 5_000;

/// The same once its turn is over and only what was on its way may still come.
const IDLE_OVER_MS: i64 = 500;

/// Whoever was told to come now has its place kept for so long.
const RESERVED_MS: i64 = 2_000;

/// Whoever did not come back has its number for so long: longer than any back-off.
const NUMBER_KEPT_MS: i64 = 60_000;

/// Streams in the queue at most, of all devices and of one: ten thousand stations with a till or two, and a station with
/// every till that there can be. Beyond it a stream waits without a number.
const WAITING_MAX: usize = 32_768;
const WAITING_OF_ONE_MAX: usize = 64;

/// The wait that is given is between these.
const WAIT_MS_MIN: i64 = 100;
const WAIT_MS_MAX: i64 = 30_000;

/// What a turn is taken to last before one has ended.
const TURN_MS_FIRST: i64 = 500;

/// From receipt to commit, a batch takes a fifth of this when all places are taken; if the average is above it, the
/// disk is slow or others use it, and senders are told to have one batch on its way.
const STRAINED_MS: i64 = 1_500;

/// A stream that drains.
#[derive(Debug)]
struct Place {
    sender: DeviceId,
    since_ms: i64,
    heard_ms: i64,
    /// Where its backlog ended when it was last told.
    goal: Seq,
    entries: u64,
    in_work: u32,
    /// Its turn is over; what is on its way is taken.
    over: bool,
}

impl Place {
    fn is_idle(&self, now_ms: i64) -> bool {
        let limit_ms = if self.over { IDLE_OVER_MS } else { IDLE_MS };
        self.in_work == 0 && now_ms.saturating_sub(self.heard_ms) >= limit_ms
    }
}

/// A stream that waits.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    stream: StreamId,
    sender: DeviceId,
    /// When it was told to ask again.
    due_ms: i64,
}

impl Waiting {
    /// It should be asking just now.
    fn is_due(&self, now_ms: i64) -> bool {
        (self.due_ms..self.due_ms.saturating_add(RESERVED_MS)).contains(&now_ms)
    }
}

/// What the queue looks like to one stream.
#[derive(Debug, Default)]
struct View {
    /// Those with an earlier number.
    ahead: usize,
    /// Those of them that are due.
    ahead_due: usize,
    /// Of the same device.
    of_sender: usize,
    /// Of other devices.
    of_others: usize,
}

/// The places and the queue.
#[derive(Debug)]
pub struct Drains {
    jitter: Jitter,
    places: HashMap<StreamId, Place>,
    queue: BTreeMap<u64, Waiting>,
    numbers: HashMap<StreamId, u64>,
    next_number: u64,
    swept_ms: i64,
    turn_ms: i64,
    commit_ms: i64,
}

impl Drains {
    /// Nobody drains. `jitter_seed` spreads those that wait.
    pub fn new(jitter_seed: u64) -> Self {
        Self {
            jitter: Jitter::seeded(jitter_seed),
            places: HashMap::new(),
            queue: BTreeMap::new(),
            numbers: HashMap::new(),
            next_number: 1,
            swept_ms: i64::MIN,
            turn_ms: TURN_MS_FIRST,
            commit_ms: 0,
        }
    }

    /// A stream that is held `through` here tells that it ends at `goal`: what may be sent of it now.
    pub fn on_hello(
        &mut self,
        sender: DeviceId,
        stream: StreamId,
        goal: Seq,
        through: Seq,
        now_ms: i64,
    ) -> Credit {
        if goal.0.saturating_sub(through.0) <= LIVE_ENTRIES_MAX {
            self.leave(&stream, now_ms);
            return self.credit();
        }
        if self.places.get(&stream).is_some_and(|place| place.over) {
            self.leave(&stream, now_ms);
        }
        match self.enter(sender, stream, goal, now_ms) {
            Ok(()) => self.credit(),
            Err(ms) => Credit::Wait { ms },
        }
    }

    /// A long batch of a stream up to `to` is here. It has to be reported [`Self::done`].
    ///
    /// # Errors
    /// It is not taken now; milliseconds to wait.
    pub fn on_batch(
        &mut self,
        sender: DeviceId,
        stream: StreamId,
        to: Seq,
        entries: u64,
        now_ms: i64,
    ) -> Result<(), u32> {
        if !self.places.contains_key(&stream) {
            self.enter(sender, stream, to, now_ms)?;
        }
        if let Some(place) = self.places.get_mut(&stream) {
            place.heard_ms = now_ms;
            place.entries = place.entries.saturating_add(entries);
            place.in_work = place.in_work.saturating_add(1);
        }
        Ok(())
    }

    /// A stream is durable `through` here, `took_ms` after its batch came: what may be sent of it from now on.
    pub fn on_commit(&mut self, stream: &StreamId, through: Seq, took_ms: i64, now_ms: i64) -> Credit {
        self.commit_ms = (self.commit_ms.saturating_mul(7).saturating_add(took_ms)) / 8;
        let waiting = !self.queue.is_empty();
        let Some(place) = self.places.get_mut(stream) else { return self.credit() };
        place.heard_ms = now_ms;
        if place.goal.0.saturating_sub(through.0) <= LIVE_ENTRIES_MAX {
            self.leave(stream, now_ms);
            return self.credit();
        }
        let lasted_ms = now_ms.saturating_sub(place.since_ms);
        place.over |= waiting && (place.entries >= TURN_ENTRIES || lasted_ms >= TURN_MS);
        if place.over { Credit::Wait { ms: self.wait_ms(self.queue.len()) } } else { self.credit() }
    }

    /// A batch that was taken is answered, or nobody waits for its answer any more.
    pub fn done(&mut self, stream: &StreamId, now_ms: i64) {
        if let Some(place) = self.places.get_mut(stream) {
            place.in_work = place.in_work.saturating_sub(1);
            place.heard_ms = now_ms;
        }
    }

    /// Streams that drain, and those that wait to.
    pub fn counts(&self) -> (usize, usize) {
        (self.places.len(), self.queue.len())
    }

    fn enter(&mut self, sender: DeviceId, stream: StreamId, goal: Seq, now_ms: i64) -> Result<(), u32> {
        self.sweep(now_ms);
        if let Some(place) = self.places.get_mut(&stream) {
            place.heard_ms = now_ms;
            place.goal = place.goal.max(goal);
            return Ok(());
        }
        let number = self.numbers.get(&stream).copied();
        let view = self.view(sender, number.unwrap_or(u64::MAX), now_ms);
        let free = DRAINS_MAX.saturating_sub(self.places.len());
        let has = self.places.values().filter(|place| place.sender == sender).count();
        if view.ahead_due < free && (has < PLACES_OF_ONE_MAX || view.of_others == 0) {
            self.forget_number(&stream);
            let (since_ms, heard_ms) = (now_ms, now_ms);
            let place = Place { sender, since_ms, heard_ms, goal, entries: 0, in_work: 0, over: false };
            self.places.insert(stream, place);
            return Ok(());
        }
        let wait_ms = self.wait_ms(view.ahead);
        let waiting = Waiting { stream, sender, due_ms: now_ms.saturating_add(i64::from(wait_ms)) };
        match number {
            Some(number) => {
                self.queue.insert(number, waiting);
            }
            None if self.queue.len() < WAITING_MAX && view.of_sender < WAITING_OF_ONE_MAX => {
                self.queue.insert(self.next_number, waiting);
                self.numbers.insert(stream, self.next_number);
                self.next_number = self.next_number.saturating_add(1);
            }
            None => {}
        }
        Err(wait_ms)
    }

    fn view(&self, sender: DeviceId, number: u64, now_ms: i64) -> View {
        let mut view = View::default();
        for (other, waiting) in &self.queue {
            if *other < number {
                view.ahead += 1;
                view.ahead_due += usize::from(waiting.is_due(now_ms));
            }
            if waiting.sender == sender {
                view.of_sender += 1;
            } else {
                view.of_others += 1;
            }
        }
        view
    }

    /// Half of the time after which the turn should come, more or less a quarter: whoever is early asks once more, which
    /// costs a hello, and whoever is late leaves a place empty.
    fn wait_ms(&mut self, ahead: usize) -> u32 {
        let turns = i64::try_from(ahead / DRAINS_MAX).unwrap_or(i64::MAX).saturating_add(1);
        let wait_ms = (turns.saturating_mul(self.turn_ms) / 2).clamp(WAIT_MS_MIN, WAIT_MS_MAX);
        let jittered = wait_ms.saturating_mul(3) / 4 + self.jitter.below(wait_ms / 2 + 1);
        u32::try_from(jittered).unwrap_or(u32::MAX)
    }

    /// What anybody may have on its way who need not wait.
    fn credit(&self) -> Credit {
        if self.commit_ms > STRAINED_MS {
            return Credit::ONE;
        }
        let share = CREDIT_MAX / self.places.len().max(1);
        Credit::Batches(u8::try_from(share).unwrap_or(u8::MAX).clamp(1, Credit::BATCHES_MAX))
    }

    fn sweep(&mut self, now_ms: i64) {
        let idle: Vec<StreamId> = self
            .places
            .iter()
            .filter(|(_, place)| place.is_idle(now_ms))
            .map(|(stream, _)| *stream)
            .collect();
        for stream in idle {
            self.leave(&stream, now_ms);
        }
        if now_ms.saturating_sub(self.swept_ms) < 1_000 {
            return;
        }
        self.swept_ms = now_ms;
        let numbers = &mut self.numbers;
        self.queue.retain(|_, waiting| {
            let kept = now_ms < waiting.due_ms.saturating_add(NUMBER_KEPT_MS);
            if !kept {
                numbers.remove(&waiting.stream);
            }
            kept
        });
    }

    /// The stream has nothing to drain any more, or its turn is over.
    fn leave(&mut self, stream: &StreamId, now_ms: i64) {
        self.forget_number(stream);
        if let Some(place) = self.places.remove(stream) {
            let lasted_ms = now_ms.saturating_sub(place.since_ms).clamp(1, TURN_MS);
            self.turn_ms = (self.turn_ms.saturating_mul(3).saturating_add(lasted_ms)) / 4;
        }
    }

    fn forget_number(&mut self, stream: &StreamId) {
        if let Some(number) = self.numbers.remove(stream) {
            self.queue.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests;
