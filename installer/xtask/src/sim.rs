//! `sim`: the simulator of terminals, agent and HQ.

use std::path::{Path, PathBuf};
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
    /// Kinds of faults to leave out, as a violation that was made smaller names them.
    #[arg(long, value_name = "FAULT,...")]
    without: Option<String>,
    /// The storm ends after so many steps at the latest.
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Break a rule of the product on purpose: r3, r5, r10, r13 or r18.
    #[arg(long = "break", value_name = "RULE")]
    broken: Option<String>,
    /// Break each of these rules in turn, and fail unless every breakage is found.
    #[arg(long)]
    mutations: bool,
}

impl Options {
    /// For the simulator itself.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--seeds".to_owned(), self.seeds.to_string()];
        let mut push = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                arguments.extend([name.to_owned(), value]);
            }
        };
        push("--seed", self.seed.map(|seed| seed.to_string()));
        push("--without", self.without.clone());
        push("--steps", self.steps.map(|steps| steps.to_string()));
        push("--break", self.broken.clone());
        if self.mutations {
            arguments.push("--mutations".to_owned());
        }
        arguments
    }
}

/// Runs the command: optimised, because it is asked for many seeds.
///
/// # Errors
/// The simulator does not build, or a seed breaks an invariant.
pub fn run(options: &Options) -> Result<()> {
    simulate(&optimised()?, &options.arguments())
}

/// Builds the optimised simulator.
///
/// # Errors
/// It does not build.
pub fn optimised() -> Result<PathBuf> {
    shell::run("cargo", &["build", "--locked", "--profile", "sim", "-p", "sync-sim"], &workspace::root())?;
    Ok(workspace::target().join("sim/sync-sim"))
}

/// Runs that many seeds from the first on.
///
/// # Errors
/// A seed breaks an invariant, or a fault never fired.
pub fn seeds(simulator: &Path, count: u64) -> Result<()> {
    simulate(simulator, &["--seeds".to_owned(), count.to_string()])
}

/// Breaks each of the rules in turn.
///
/// # Errors
/// A breakage is not found.
pub fn mutations(simulator: &Path) -> Result<()> {
    simulate(simulator, &["--mutations".to_owned()])
}

fn simulate(simulator: &Path, arguments: &[String]) -> Result<()> {
    let mut command = shell::command(&simulator.to_string_lossy(), &[], &workspace::root());
    // The counters are what it is run for.
    shell::finish(command.args(arguments).stdout(Stdio::inherit()))
}
