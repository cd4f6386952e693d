//! `test`: everything that must hold, in tiers that stop at the first failure and say what they cost.

use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{setup, shell};

mod advisories;
mod build;
mod count;
mod fuzz;
mod lint;
mod rust;
mod windows;

pub use count::Count;
pub use windows::Stage;

/// Options of `cargo xtask test`.
#[derive(Debug, Args)]
pub struct Options {
    /// The long runs instead of the normal tiers.
    #[arg(long)]
    long: bool,
    /// Only the tiers whose name contains this; what they need must be built.
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    /// Seconds for which each decoder is fuzzed.
    #[arg(long, value_name = "N", default_value_t = fuzz::SECONDS_EACH)]
    fuzz_seconds: u32,
}

/// A tier: its name, the minutes it may take on two cores, and what it runs.
struct Tier {
    name: &'static str,
    minutes_max: u64,
    run: fn(&Options) -> Result<Count>,
}

const NORMAL: [Tier; 6] = [
    Tier { name: "install", minutes_max: 4, run: |_| install() },
    Tier { name: "build and lint", minutes_max: 15, run: |_| build::run() },
    Tier { name: "unit", minutes_max: 4, run: |_| rust::unit() },
    Tier { name: "simulator", minutes_max: 3, run: |_| rust::simulator() },
    Tier { name: "end to end", minutes_max: 8, run: |_| rust::end_to_end() },
    Tier { name: "windows and browsers", minutes_max: 6, run: |_| windows::run() },
];

const LONG: [Tier; 5] = [
    Tier { name: "install", minutes_max: 4, run: |_| install() },
    Tier { name: "build", minutes_max: 15, run: |_| build::programs() },
    Tier { name: "simulator, 100,000 seeds", minutes_max: 180, run: |_| rust::simulator_long() },
    Tier { name: "faults at every point", minutes_max: 240, run: |_| rust::faults_long() },
    Tier {
        name: "fuzzing, ten minutes each",
        minutes_max: 150,
        run: |options| fuzz::run(options.fuzz_seconds),
    },
];

/// Runs the command.
///
/// # Errors
/// The first thing that fails.
pub fn run(options: &Options) -> Result<()> {
    let mut total = Count::default();
    let mut lines = Vec::new();
    let begin = Instant::now();
    let all = if options.long { &LONG[..] } else { &NORMAL[..] };
    let wanted = options.tier.as_deref().unwrap_or_default();
    let tiers: Vec<&Tier> = all.iter().filter(|tier| tier.name.contains(wanted)).collect();
    anyhow::ensure!(!tiers.is_empty(), "no tier is called `{wanted}`");
    for tier in tiers {
        eprintln!("== {}", tier.name);
        let tier_begin = Instant::now();
        let count = (tier.run)(options).with_context(|| format!("tier `{}` failed", tier.name))?;
        total += count;
        let line = format!(
            "{:<28} {:>5} of {:>3} min {:>6} passed",
            tier.name,
            minutes(tier_begin),
            tier.minutes_max,
            count.passed
        );
        eprintln!("== {line}");
        lines.push(line);
    }
    let all = format!("{:<28} {:>5} min", "all", minutes(begin));
    shell::print(&format!("{}\n{all}\n{} passed, 0 failed", lines.join("\n"), total.passed))
}

fn install() -> Result<Count> {
    setup::for_test()?;
    Ok(Count::default())
}

/// Minutes with one decimal, without a float.
fn minutes(since: Instant) -> String {
    let tenths = since.elapsed().as_secs() / 6;
    format!("{}.{}", tenths / 10, tenths % 10)
}
