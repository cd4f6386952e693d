//! The tests in Rust.

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

/// 200 seeds.
///
/// # Errors
/// A seed breaks an invariant.
pub(super) fn simulator() -> Result<Count> {
    crate::sim::seeds(&workspace::binary("sync-sim"), 200)?;
    Ok(Count { passed: 200 })
}

/// The same with more.
///
/// # Errors
/// A seed breaks an invariant.
pub(super) fn simulator_long() -> Result<Count> {
    crate::sim::seeds(&crate::sim::optimised()?, 100_000)?;
    Ok(Count { passed: 100_000 })
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
