//! `sync-sim --seeds N [--seed S]`: runs worlds and fails on any violation.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use sync_sim::{Faults, Report, World};

/// Fewer seeds than this may leave a fault unfired by chance.
const SEEDS_FOR_EVERY_FAULT: u64 = 50;

/// Runs simulated worlds; every one is a pure function of its seed.
#[derive(Debug, Parser)]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed; with `--seeds 1` replays exactly one world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[expect(clippy::print_stdout, reason = "the table is this command's product")]
fn main() -> ExitCode {
    let options = Options::parse();
    let started = Instant::now();
    let mut faults = Faults::default();
    let mut violating = BTreeSet::new();
    let (mut sales, mut slowest_ms) = (0usize, 0i64);
    for seed in options.seed..options.seed.saturating_add(options.seeds) {
        let Some(world) = World::new(seed) else {
            eprintln!("seed {seed}: the world could not be built");
            return ExitCode::FAILURE;
        };
        let report = world.run();
        faults.add(&report.faults);
        sales += report.sales;
        slowest_ms = slowest_ms.max(report.drained_in_ms);
        if !report.violations.is_empty() {
            violating.insert(seed);
            print_violation(&report);
        }
    }
    let elapsed_ms = started.elapsed().as_millis().max(1);
    println!("seeds {}  sales shown done {sales}  slowest drain {slowest_ms} ms (virtual)", options.seeds);
    println!("seeds per second {}", u128::from(options.seeds) * 1_000 / elapsed_ms);
    for (name, count) in faults.named() {
        println!("fault {name:<20} {count}");
    }
    println!("violations {}", violating.len());
    let silent: Vec<&str> =
        faults.named().iter().filter(|(_, count)| *count == 0).map(|(name, _)| *name).collect();
    if options.seeds >= SEEDS_FOR_EVERY_FAULT && !silent.is_empty() {
        println!("never fired: {}", silent.join(", "));
        return ExitCode::FAILURE;
    }
    if violating.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "the table is this command's product")]
fn print_violation(report: &Report) {
    println!("seed {} violates:", report.seed);
    report.violations.iter().take(5).for_each(|violation| println!("  {violation}"));
    let skip = report.trace.len().saturating_sub(40);
    report.trace.iter().skip(skip).for_each(|line| println!("    {line}"));
    println!("  replay: cargo xtask sim --seeds 1 --seed {}", report.seed);
}
