//! One row of the table: how often a fault was made, what it broke, and how long it took until all was well again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::json;
use xtask::faults::{LONG, results};
use xtask::workspace;

/// Violations that are printed; the others are counted.
const PRINTED_MAX: usize = 5;

/// A fault and what came of it.
pub struct Case {
    name: &'static str,
    runs: u64,
    violations: Vec<String>,
    sells_again: Option<Duration>,
    agrees_again: Option<Duration>,
}

/// Whether every point is tried, not only a sample.
pub fn long() -> bool {
    std::env::var_os(LONG).is_some()
}

/// `short` in the tests of every change, `whole` in the long form.
pub fn either<T>(short: T, whole: T) -> T {
    if long() { whole } else { short }
}

impl Case {
    pub fn new(name: &'static str) -> Self {
        Self { name, runs: 0, violations: Vec::new(), sells_again: None, agrees_again: None }
    }

    /// One run of the fault; whatever it asserts in vain is a violation, and the next run goes on.
    pub fn run(&mut self, what: &str, fault: impl FnOnce(&mut Self)) {
        self.runs += 1;
        let outcome = catch_unwind(AssertUnwindSafe(|| fault(self)));
        if let Err(panic) = outcome {
            let why = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default();
            self.violations.push(format!("{what}: {why}"));
        }
    }

    /// A till sold again this long after the fault.
    pub fn sold_again(&mut self, since: Instant) {
        self.sells_again = self.sells_again.max(Some(since.elapsed()));
    }

    /// Everybody held the same again this long after the fault ended.
    pub fn agreed_again(&mut self, since: Instant) {
        self.agrees_again = self.agrees_again.max(Some(since.elapsed()));
    }

    pub fn violations(&self) -> usize {
        self.violations.len()
    }

    /// Leaves the row, and fails if anything was violated.
    pub fn end(self) {
        assert!(self.runs > 0, "I8: the fault was never made");
        let ms = |time: Option<Duration>| time.map(|time| u64::try_from(time.as_millis()).unwrap());
        let row = json!({
            "runs": self.runs,
            "violations": self.violations.len(),
            "sellsAgainMs": ms(self.sells_again),
            "agreesAgainMs": ms(self.agrees_again),
        });
        workspace::write(&results().join(format!("{}.json", self.name)), &row.to_string()).unwrap();
        let first = self.violations.iter().take(PRINTED_MAX).cloned().collect::<Vec<_>>().join("\n");
        assert!(
            self.violations.is_empty(),
            "{}: {} violation(s):\n{first}",
            self.name,
            self.violations.len()
        );
    }
}
