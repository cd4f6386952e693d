//! `sim`: the simulator of terminals, agent and HQ.

use std::path::Path;
use std::process::Stdio;

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

/// Runs the command: optimised, because it is asked for many seeds.
///
/// # Errors
/// The simulator does not build, or a seed breaks an invariant.
pub fn run(options: &Options) -> Result<()> {
    optimised(options.seeds, options.seed)
}

/// Builds the optimised simulator and runs that many seeds.
///
/// # Errors
/// It does not build, or a seed breaks an invariant.
pub fn optimised(count: u64, first: Option<u64>) -> Result<()> {
    shell::run("cargo", &["build", "--locked", "--release", "-p", "sync-sim"], &workspace::root())?;
    seeds(&workspace::target().join("release/sync-sim"), count, first)
}

/// Runs that many seeds in the simulator that the tests have built already.
///
/// # Errors
/// A seed breaks an invariant.
pub fn as_built(count: u64) -> Result<()> {
    seeds(&workspace::binary("sync-sim"), count, None)
}

fn seeds(simulator: &Path, count: u64, first: Option<u64>) -> Result<()> {
    let mut command = shell::command(&simulator.to_string_lossy(), &[], &workspace::root());
    command.args(["--seeds", &count.to_string()]);
    if let Some(first) = first {
        command.args(["--seed", &first.to_string()]);
    }
    // The counters are what it is run for.
    shell::finish(command.stdout(Stdio::inherit()))
}
