//! `sim`: the simulator of terminals, agent and HQ.

use anyhow::Result;
use clap::Args;

use crate::{shell, workspace};

/// Options of `cargo xtask sim`.
#[derive(Debug, Args)]
pub struct Options {
    /// How many seeds to run.
    #[arg(long, value_name = "N", default_value_t = 200)]
    seeds: u64,
    /// The first seed, or the only one with `--seeds 1`: replays what failed.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// A seed breaks an invariant.
pub fn run(options: &Options) -> Result<()> {
    seeds(options.seeds, options.seed)
}

/// Runs that many seeds.
///
/// # Errors
/// A seed breaks an invariant, or the simulator does not build.
pub fn seeds(count: u64, first: Option<u64>) -> Result<()> {
    let count = count.to_string();
    let first = first.map(|seed| seed.to_string());
    let mut arguments =
        vec!["run", "--locked", "--quiet", "--release", "-p", "sync-sim", "--", "--seeds", &count];
    if let Some(first) = &first {
        arguments.extend(["--seed", first]);
    }
    shell::run("cargo", &arguments, &workspace::root())
}
