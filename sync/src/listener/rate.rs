//! Admitting connections by token bucket (R30).

use std::time::{Duration, Instant};

/// How many connections are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionRate {
    /// In a second, in the long run.
    pub per_second: u32,
    /// Together, after a while with fewer.
    pub burst: u32,
}

/// Between two lines in the log about connections that were turned away.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Thousandths of a connection that a connection takes.
const ONE: u64 = 1_000;

/// The bucket. A connection that finds it empty is closed before its handshake, which is what costs: the other end
/// backs off with full jitter and comes again.
#[derive(Debug)]
pub(super) struct Gate {
    rate: ConnectionRate,
    /// What is in it, thousandths of a connection.
    left: u64,
    filled_at: Instant,
    turned_away: u64,
    told_at: Option<Instant>,
}

impl Gate {
    /// A full one.
    pub(super) fn new(rate: ConnectionRate, now: Instant) -> Self {
        let left = u64::from(rate.burst).saturating_mul(ONE);
        Self { rate, left, filled_at: now, turned_away: 0, told_at: None }
    }

    /// Whether another connection is let in now.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        let ms = u64::try_from(now.saturating_duration_since(self.filled_at).as_millis()).unwrap_or(u64::MAX);
        if ms > 0 {
            let more = ms.saturating_mul(u64::from(self.rate.per_second));
            self.left = self.left.saturating_add(more).min(u64::from(self.rate.burst).saturating_mul(ONE));
            self.filled_at = now;
        }
        if let Some(left) = self.left.checked_sub(ONE) {
            self.left = left;
            return true;
        }
        self.turned_away = self.turned_away.saturating_add(1);
        if self.told_at.is_none_or(|told| now.saturating_duration_since(told) >= TELL_EVERY) {
            self.told_at = Some(now);
            let ConnectionRate { per_second, burst } = self.rate;
            tracing::warn!(
                per_second,
                burst,
                turned_away = self.turned_away,
                "more devices connect at once than are let in; those turned away come back by themselves"
            );
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r30_a_burst_is_let_in_and_then_so_many_a_second() {
        let begun = Instant::now();
        let mut gate = Gate::new(ConnectionRate { per_second: 50, burst: 100 }, begun);
        let mut let_in = |ms: u64| {
            let now = begun + Duration::from_millis(ms);
            (0..1_000).filter(|_| gate.admits(now)).count()
        };
        assert_eq!(let_in(0), 100);
        assert_eq!(let_in(19), 0);
        assert_eq!(let_in(20), 1);
        assert_eq!((21..=1_020).map(&mut let_in).sum::<usize>(), 50);
        // However long it was quiet, no more than the burst.
        assert_eq!(let_in(60_000), 100);
    }
}
