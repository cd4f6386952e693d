//! How many retries are worth their cost (R30).

/// What a retry costs; what goes well brings one, so that retries are a tenth of the rest at most.
const COST: u16 = 10;

/// Retries that may come together: a hiccup is none of upstream's trouble.
const TOGETHER: u16 = 10;

/// Leave for retries of one link. Without it a sender whose upstream fails every second request would keep asking at the
/// pace of the first waits, as those start anew whenever something goes well.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryBudget(u16);

impl RetryBudget {
    /// As many retries as may come together.
    pub(super) const FULL: Self = Self(COST * TOGETHER);

    /// Something went well.
    pub(super) fn earn(&mut self) {
        self.0 = self.0.saturating_add(1).min(COST * TOGETHER);
    }

    /// Whether there is leave for another retry now; then it is used up. Without it the retry waits the longest.
    pub(super) fn spend(&mut self) -> bool {
        let left = self.0.checked_sub(COST);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r30_retries_are_a_tenth_of_what_goes_well() {
        let mut budget = RetryBudget::FULL;
        let (mut well, mut retried) = (0, 0);
        for _ in 0..1_000 {
            // Every second request fails.
            budget.earn();
            well += 1;
            retried += i32::from(budget.spend());
        }
        let tenth = well / i32::from(COST);
        assert!((tenth..=tenth + i32::from(TOGETHER)).contains(&retried), "{retried}");
    }
}
