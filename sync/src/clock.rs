//! The clock that drivers and `main` read; everything below takes its stamps as arguments.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sync_identity::verify::{KnownTime, TimeSource};
use sync_proto::Stamp;
use sync_proto::wire::TIME_UNKNOWN_MS;

/// While wall clock and monotonic clock disagree by more than this, prices stay as they are (R19).
pub const CLOCK_DOUBT_MS: i64 = 5 * 60 * 1000;

/// A device was not switched off for longer than this since it last agreed on the time: 400 days.
const AWAY_MS_MAX: i64 = 400 * 24 * 60 * 60 * 1000;

/// What a clock is read from. The system's, unless a test moves them.
pub trait Hands: fmt::Debug + Send + Sync {
    /// Wall clock, milliseconds since 1970 UTC.
    fn wall_ms(&self) -> i64;
    /// Milliseconds since the program started; nobody can set them.
    fn mono_ms(&self) -> i64;
    /// Which boot of the machine this is.
    fn boot(&self) -> u32;
    /// Milliseconds since the machine started, sleep included, where the system tells.
    fn boot_ms(&self) -> Option<i64>;
}

/// What was last agreed with upstream, kept for a start without anybody to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The local wall clock then.
    pub wall_ms: i64,
    /// Upstream's clock minus that.
    pub offset_ms: i64,
    /// Which boot of the machine it was.
    pub boot: u32,
    /// Time since that boot, where the system tells.
    pub boot_ms: Option<i64>,
}

impl Agreement {
    /// It is certainly not earlier than `at_ms`, by this machine's clock; nothing else is known.
    pub const fn not_before(at_ms: i64) -> Self {
        Self { wall_ms: at_ms, offset_ms: 0, boot: 0, boot_ms: None }
    }

    /// The time that was agreed on.
    pub const fn true_ms(&self) -> i64 {
        self.wall_ms.saturating_add(self.offset_ms)
    }

    /// As one line, to be kept.
    pub fn to_text(&self) -> String {
        let boot_ms = self.boot_ms.unwrap_or(-1);
        format!("{} {} {} {boot_ms}", self.wall_ms, self.offset_ms, self.boot)
    }

    /// Reads the line again.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let agreement = Self {
            wall_ms: words.next()?.parse().ok()?,
            offset_ms: words.next()?.parse().ok()?,
            boot: words.next()?.parse().ok()?,
            boot_ms: words.next()?.parse().ok().map(|ms: i64| (ms >= 0).then_some(ms))?,
        };
        words.next().is_none().then_some(agreement)
    }
}

/// Wall clock, monotonic clock and boot id, with the last offset agreed with upstream (R35).
#[derive(Debug, Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    hands: Box<dyn Hands>,
    wall_at_start_ms: i64,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    /// Upstream's clock minus ours, as agreed in this life of the program or carried over from the last.
    offset_ms: Option<i64>,
    /// Whether it was agreed in this life.
    agreed: bool,
    /// Wall minus monotonic when it was agreed, or at the start.
    skew_ms: i64,
    /// From a life before.
    carried: Option<Agreement>,
    /// Corrected time when the clock was last trusted.
    trusted_ms: i64,
}

impl Clock {
    /// Reads the system's clocks from now on.
    pub fn system() -> Self {
        Self::of(SystemHands { started: Instant::now(), boot: boot_id() })
    }

    /// Reads other clocks, for tests.
    pub fn of(hands: impl Hands + 'static) -> Self {
        let wall_at_start_ms = hands.wall_ms();
        let known = Known {
            offset_ms: None,
            agreed: false,
            skew_ms: wall_at_start_ms.saturating_sub(hands.mono_ms()),
            carried: None,
            trusted_ms: wall_at_start_ms,
        };
        let shared = Shared { hands: Box::new(hands), wall_at_start_ms, known: Mutex::new(known) };
        Self { shared: Arc::new(shared) }
    }

    /// Now, as this device knows it.
    pub fn now(&self) -> Stamp {
        let hands = &self.shared.hands;
        Stamp {
            wall_ms: hands.wall_ms(),
            mono_ms: u64::try_from(hands.mono_ms()).unwrap_or(0),
            boot: hands.boot(),
            offset_ms: self.known().offset_ms,
        }
    }

    /// Wall clock, milliseconds since 1970 UTC.
    pub fn wall_ms(&self) -> i64 {
        self.shared.hands.wall_ms()
    }

    /// Monotonic milliseconds, for time limits and retries: they do not jump when the wall clock is set.
    pub fn mono_ms(&self) -> i64 {
        self.shared.hands.mono_ms()
    }

    /// Notes upstream's clock, read `round_trip_ms` after it was asked for. An upstream that does not know the time
    /// itself says [`TIME_UNKNOWN_MS`], and teaches nothing.
    pub fn agree(&self, upstream_ms: i64, round_trip_ms: i64) {
        if upstream_ms == TIME_UNKNOWN_MS {
            return;
        }
        let local_ms = self.wall_ms();
        let offset_ms = upstream_ms.saturating_add(round_trip_ms / 2).saturating_sub(local_ms);
        // Below a second it is noise of the network, not of the clock.
        let offset_ms = if offset_ms.abs() < 1_000 { 0 } else { offset_ms };
        let skew_ms = local_ms.saturating_sub(self.mono_ms());
        let mut known = self.known();
        known.offset_ms = Some(offset_ms);
        known.agreed = true;
        known.skew_ms = skew_ms;
        known.trusted_ms = local_ms.saturating_add(offset_ms);
    }

    /// Takes over what was agreed in a life before. Until upstream is asked, the clock is trusted if it can be right by
    /// that: in the same boot it must have gone on as the machine's own counter did, after another it must not have
    /// gone back, nor on by more than 400 days.
    pub fn resume(&self, last: Agreement) {
        let mut known = self.known();
        if known.agreed {
            return;
        }
        known.carried = Some(last);
        if self.doubts(&known) {
            known.trusted_ms = last.true_ms();
        } else if last.offset_ms != 0 {
            known.offset_ms = Some(last.offset_ms);
            known.trusted_ms = self.wall_ms().saturating_add(last.offset_ms);
        }
    }

    /// What to keep for the next start; `None` while nothing was agreed in this life, or the clock was moved since.
    pub fn agreement(&self) -> Option<Agreement> {
        let offset_ms = self.agreed_offset_ms()?;
        let hands = &self.shared.hands;
        Some(Agreement { wall_ms: hands.wall_ms(), offset_ms, boot: hands.boot(), boot_ms: hands.boot_ms() })
    }

    /// Now as upstream has it, once it was agreed in this life of the program and the wall clock was not moved since.
    pub fn agreed_ms(&self) -> Option<i64> {
        self.agreed_offset_ms().map(|offset_ms| self.wall_ms().saturating_add(offset_ms))
    }

    fn agreed_offset_ms(&self) -> Option<i64> {
        let known = self.known();
        known.offset_ms.filter(|_| known.agreed && !self.doubts(&known))
    }

    /// Whether the wall clock disagrees by more than [`CLOCK_DOUBT_MS`] with what was last agreed with upstream.
    pub fn in_doubt(&self) -> bool {
        self.doubts(&self.known())
    }

    /// The time that decides prices (R19): now, or, while the clock is in doubt, when it last was not.
    pub fn price_ms(&self) -> i64 {
        let mut known = self.known();
        if !self.doubts(&known) {
            known.trusted_ms = self.wall_ms().saturating_add(known.offset_ms.unwrap_or(0));
        }
        known.trusted_ms
    }

    /// Wall clock when this program started.
    pub fn started_at_ms(&self) -> i64 {
        self.shared.wall_at_start_ms
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Its fields are only ever set together, by code that cannot panic.
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn doubts(&self, known: &Known) -> bool {
        let hands = &self.shared.hands;
        let (wall_ms, mono_ms) = (hands.wall_ms(), hands.mono_ms());
        let moved_ms = wall_ms.saturating_sub(mono_ms).saturating_sub(known.skew_ms);
        let moved = moved_ms.saturating_abs() > CLOCK_DOUBT_MS;
        let Some(last) = known.carried.filter(|_| !known.agreed) else { return moved };
        let now_ms = wall_ms.saturating_add(last.offset_ms);
        if last.boot == hands.boot()
            && let Some((before_ms, boot_ms)) = last.boot_ms.zip(hands.boot_ms())
        {
            let due_ms = last.true_ms().saturating_add(boot_ms.saturating_sub(before_ms));
            return now_ms.saturating_sub(due_ms).saturating_abs() > CLOCK_DOUBT_MS;
        }
        let can_be = |at_ms: i64| {
            at_ms >= last.true_ms().saturating_sub(CLOCK_DOUBT_MS)
                && at_ms <= last.true_ms().saturating_add(AWAY_MS_MAX)
        };
        // A clock that could not be right at the start and can be now was set by somebody.
        let began_well = can_be(self.shared.wall_at_start_ms.saturating_add(last.offset_ms));
        !can_be(now_ms) || (began_well && moved)
    }
}

#[derive(Debug)]
struct SystemHands {
    started: Instant,
    boot: u32,
}

impl Hands for SystemHands {
    fn wall_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    }

    fn mono_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn boot(&self) -> u32 {
        self.boot
    }

    fn boot_ms(&self) -> Option<i64> {
        // `12345.67 23456.78`: seconds since the boot in hundredths, and idle ones.
        let text = std::fs::read_to_string("/proc/uptime").ok()?;
        let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
        let whole: i64 = seconds.parse().ok()?;
        let part: i64 = hundredths.parse().ok()?;
        Some(whole.saturating_mul(1_000).saturating_add(part.saturating_mul(10)))
    }
}

/// What a device knows of the time: the clock, once it was agreed with upstream in this life of the program; before,
/// only that it is later than its own certificate was issued.
pub fn known_time(clock: &Clock, issued_at_ms: i64) -> TimeSource {
    let clock = clock.clone();
    Arc::new(move || clock.agreed_ms().map_or(KnownTime::AtLeast(issued_at_ms), KnownTime::Now))
}

/// What a till knows of the time: only that it is later than its own certificate was issued. Its agent tells it the
/// time, but an agent that did not reach head office since it started may itself be wrong by decades, and no till may
/// refuse its agent for that.
pub fn time_after(issued_at_ms: i64) -> TimeSource {
    Arc::new(move || KnownTime::AtLeast(issued_at_ms))
}

/// Which boot of the machine this is; differs between boots, means nothing else.
fn boot_id() -> u32 {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    u32::try_from(hasher.finish() & 0xffff_ffff).unwrap_or(0)
}
