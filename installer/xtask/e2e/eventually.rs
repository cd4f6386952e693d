//! Waiting for something to become true.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// The first `Some` of `look`; fails with `what` after `limit`.
pub fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} for {what}");
        thread::sleep(PAUSE);
    }
}

/// The same for a condition.
pub fn holds(limit: Duration, what: &str, mut look: impl FnMut() -> bool) {
    within(limit, what, || look().then_some(()));
}
