//! Many seeds on every core, judged in the order of the seeds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::breakage::Break;
use crate::faults::Faults;
use crate::world::{Report, World, WorldOptions};

/// What a run over many seeds came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Faults that fired.
    pub faults: Faults,
    /// Sales shown as done.
    pub sales: u64,
    /// Entries that somebody took back from upstream (R38).
    pub given_back: u64,
    /// The longest drain, virtual milliseconds.
    pub slowest_drain_ms: i64,
    /// The small worlds among them.
    pub small: Small,
    /// Seeds that violate something, with the first words of it.
    pub violating: BTreeMap<u64, String>,
}

/// Small worlds, and the time of a core that they took; of those of which it is known.
#[derive(Debug, Default, Clone, Copy)]
pub struct Small {
    /// How many.
    pub seeds: u64,
    /// What they took together.
    pub took: Duration,
}

/// After so many violating seeds a run ends: more of them say nothing new.
pub const VIOLATING_MAX: usize = 20;

/// The report of one seed.
pub fn one(seed: u64, options: WorldOptions) -> Report {
    let before = time_of_this_thread();
    let report = match World::new(seed, options) {
        Some(world) => world.run(),
        None => Report::of_no_world(seed),
    };
    let took = before.zip(time_of_this_thread()).map(|(before, after)| after.saturating_sub(before));
    Report { took, ..report }
}

/// Time that this thread had on a core so far, where the system tells.
fn time_of_this_thread() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_ascii_whitespace().next()?.parse().ok()?))
}

/// Runs `seeds` on `threads` threads and hands their reports to `each` in the order of the seeds, until it says that
/// it has seen enough.
pub fn in_order(
    seeds: impl Iterator<Item = u64>,
    threads: usize,
    options: WorldOptions,
    mut each: impl FnMut(Report) -> bool,
) {
    let seeds: Vec<u64> = seeds.collect();
    let (next, enough) = (AtomicU64::new(0), AtomicBool::new(false));
    // Few reports wait for an earlier one: a thread that is ahead of the others waits here.
    let (sender, receiver) = mpsc::sync_channel::<(u64, Report)>(threads.saturating_mul(4));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (sender, seeds, next, enough) = (sender.clone(), &seeds, &next, &enough);
            scope.spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(seed) = usize::try_from(at).ok().and_then(|at| seeds.get(at)) else { return };
                    if sender.send((at, one(*seed, options))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut waiting, mut due) = (BTreeMap::new(), 0);
        for (at, report) in receiver {
            waiting.insert(at, report);
            while let Some(report) = waiting.remove(&due) {
                due += 1;
                if !enough.load(Ordering::Relaxed) && !each(report) {
                    enough.store(true, Ordering::Relaxed);
                }
            }
        }
    });
}

/// Runs the seeds and sums them up; `found` hears of every seed that violates something.
pub fn many(
    seeds: impl Iterator<Item = u64>,
    threads: usize,
    options: WorldOptions,
    mut found: impl FnMut(&Report),
) -> Summary {
    let mut summary = Summary::default();
    in_order(seeds, threads, options, |report| {
        summary.seeds += 1;
        summary.faults.add(&report.faults);
        summary.sales += u64::try_from(report.sales).unwrap_or(0);
        summary.given_back += report.given_back;
        summary.slowest_drain_ms = summary.slowest_drain_ms.max(report.drained_in_ms);
        if let Some(took) = report.took.filter(|_| report.small) {
            summary.small.seeds += 1;
            summary.small.took += took;
        }
        if let Some(first) = report.violations.first() {
            found(&report);
            summary.violating.insert(report.seed, first.clone());
        }
        summary.violating.len() < VIOLATING_MAX
    });
    summary
}

/// How a breakage was found.
#[derive(Debug)]
pub struct Found {
    /// So many seeds were run, the finding one included.
    pub seeds: u64,
    /// The one that found it.
    pub seed: u64,
    /// What it violated.
    pub what: String,
}

/// Breaks a rule on purpose until a seed finds it; `None` if none of `seeds` does.
pub fn mutation(broken: Break, seeds: impl Iterator<Item = u64>, threads: usize) -> Option<Found> {
    let world = WorldOptions { broken: Some(broken), ..WorldOptions::default() };
    let (mut found, mut tried) = (None, 0);
    in_order(seeds, threads, world, |report| {
        tried += 1;
        found =
            report.violations.into_iter().next().map(|what| Found { seeds: tried, seed: report.seed, what });
        found.is_none()
    });
    found
}
