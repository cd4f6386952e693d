//! The clock that drivers and `main` read; everything below takes its stamps as arguments.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sync_identity::verify::{KnownTime, TimeSource};
use sync_proto::Stamp;

/// No offset was agreed yet.
const NO_OFFSET: i64 = i64::MIN;

/// While wall clock and monotonic clock disagree by more than this, prices stay as they are (R19).
pub const CLOCK_DOUBT_MS: i64 = 5 * 60 * 1000;

/// Wall clock, monotonic clock and boot id, with the last offset agreed with upstream (R35).
#[derive(Debug, Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    wall_at_start_ms: i64,
    boot: u32,
    offset_ms: AtomicI64,
    /// Wall minus monotonic when the offset was agreed.
    agreed_skew_ms: AtomicI64,
}

impl Clock {
    /// Reads the system's clocks from now on.
    pub fn system() -> Self {
        let wall_at_start_ms = wall_ms();
        let shared = Shared {
            started: Instant::now(),
            wall_at_start_ms,
            boot: boot_id(),
            offset_ms: AtomicI64::new(NO_OFFSET),
            agreed_skew_ms: AtomicI64::new(wall_at_start_ms),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Now, as this device knows it.
    pub fn now(&self) -> Stamp {
        let offset_ms = self.shared.offset_ms.load(Ordering::Relaxed);
        Stamp {
            wall_ms: wall_ms(),
            mono_ms: u64::try_from(self.shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            boot: self.shared.boot,
            offset_ms: (offset_ms != NO_OFFSET).then_some(offset_ms),
        }
    }

    /// Wall clock, milliseconds since 1970 UTC.
    pub fn wall_ms(&self) -> i64 {
        wall_ms()
    }

    /// Monotonic milliseconds, for time limits and retries: they do not jump when the wall clock is set.
    pub fn mono_ms(&self) -> i64 {
        i64::try_from(self.shared.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Notes upstream's clock, read `round_trip_ms` after it was asked for.
    pub fn agree(&self, upstream_ms: i64, round_trip_ms: i64) {
        let local_ms = wall_ms();
        let offset_ms = upstream_ms.saturating_add(round_trip_ms / 2).saturating_sub(local_ms);
        // Below a second it is noise of the network, not of the clock.
        let offset_ms = if offset_ms.abs() < 1_000 { 0 } else { offset_ms };
        self.shared.offset_ms.store(offset_ms, Ordering::Relaxed);
        self.shared.agreed_skew_ms.store(local_ms.saturating_sub(self.mono_ms()), Ordering::Relaxed);
    }

    /// Now as upstream has it, once it was agreed in this life of the program and the wall clock was not moved since.
    pub fn agreed_ms(&self) -> Option<i64> {
        let now = self.now();
        (now.offset_ms.is_some() && !self.in_doubt()).then(|| now.corrected_ms())
    }

    /// Whether the wall clock was moved by more than [`CLOCK_DOUBT_MS`] since it was last agreed with upstream.
    pub fn in_doubt(&self) -> bool {
        let skew_ms = wall_ms().saturating_sub(self.mono_ms());
        skew_ms.saturating_sub(self.shared.agreed_skew_ms.load(Ordering::Relaxed)).abs() > CLOCK_DOUBT_MS
    }

    /// Wall clock when this program started.
    pub fn started_at_ms(&self) -> i64 {
        self.shared.wall_at_start_ms
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

fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

/// Which boot of the machine this is; differs between boots, means nothing else.
fn boot_id() -> u32 {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    u32::try_from(hasher.finish() & 0xffff_ffff).unwrap_or(0)
}
