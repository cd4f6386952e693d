//! The tests in Rust.

use std::path::Path;

use anyhow::Result;

use super::{Count, build};
use crate::{shell, workspace};

/// Everything but the whole-system tests, which are processes and want the machine to themselves.
///
/// # Errors
/// A test fails, or a generated binding was stale.
pub(super) fn unit() -> Result<Count> {
    let bindings = build::bindings()?;
    let count = nextest(&["-E", "not binary(e2e)"])?;
    build::bindings_unchanged(&bindings)?;
    Ok(count)
}

/// Worlds of the simulator's normal tier.
const SEEDS: u64 = 2_000;
/// And of its long one.
const SEEDS_LONG: u64 = 100_000;

/// 2,000 seeds, and every rule that is broken on purpose is found; in the simulator that the tests have built
/// already, which is fast enough.
///
/// # Errors
/// A seed breaks an invariant, a fault never fired, or a breakage is not found.
pub(super) fn simulator() -> Result<Count> {
    worlds(&workspace::binary("sync-sim"), SEEDS)
}

/// The same with more, optimised.
///
/// # Errors
/// As [`simulator`].
pub(super) fn simulator_long() -> Result<Count> {
    worlds(&crate::sim::optimised()?, SEEDS_LONG)
}

fn worlds(simulator: &Path, seeds: u64) -> Result<Count> {
    crate::sim::seeds(simulator, seeds)?;
    crate::sim::mutations(simulator)?;
    Ok(Count { passed: seeds })
}

/// Every fault at every point of it.
///
/// # Errors
/// A fault breaks an invariant.
pub(super) fn faults_long() -> Result<Count> {
    crate::faults::all_long()
}

/// The scenes of the domain on real processes.
///
/// # Errors
/// A test fails.
pub(super) fn end_to_end() -> Result<Count> {
    nextest(&["-E", "binary(e2e)", "--test-threads", "2"])
}

fn nextest(filter: &[&str]) -> Result<Count> {
    let base = [
        "nextest",
        "run",
        "--locked",
        "--workspace",
        "--no-fail-fast",
        "--status-level",
        "fail",
        "--final-status-level",
        "slow",
    ];
    Count::of(&mut shell::command("cargo", &[&base[..], filter].concat(), &workspace::root()))
}
