//! `faults`: what is broken on real processes, as a table: how often, what it violated, how long until all was well again.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::tiers::Count;
use crate::{setup, shell, workspace};

mod cases;
mod table;

use cases::CASES;

/// Set for tests that try every point instead of a sample.
pub const LONG: &str = "JUYU_FAULTS_LONG";
/// Where the rows of the whole table go.
const RESULT: &str = "faults.json";

/// Options of `cargo xtask faults`.
#[derive(Debug, Args)]
pub struct Options {
    /// Which to run; all if none is named.
    names: Vec<String>,
    /// Every point of each fault, not only a sample.
    #[arg(long)]
    long: bool,
}

/// Where each case leaves its row.
#[must_use]
pub fn results() -> PathBuf {
    workspace::target().join("faults")
}

/// The name of the fault that a test makes.
#[must_use]
pub fn name_of(test: &str) -> Option<&'static str> {
    CASES.iter().find(|case| case.test == test).map(|case| case.name)
}

/// Runs the command.
///
/// # Errors
/// A case is unknown or fails.
pub fn run(options: &Options) -> Result<()> {
    if let Some(unknown) = options.names.iter().find(|name| !CASES.iter().any(|case| case.is(name))) {
        let known: Vec<_> = CASES.iter().map(|case| case.name).collect();
        bail!("there is no fault `{unknown}`; there are: {}", known.join(", "));
    }
    setup::for_faults()?;
    let chosen: Vec<_> = CASES
        .iter()
        .filter(|case| options.names.is_empty() || options.names.iter().any(|name| case.is(name)))
        .collect();
    for case in &chosen {
        let _ = std::fs::remove_file(results().join(format!("{}.json", case.name)));
    }
    let tests: Vec<&str> = chosen.iter().map(|case| case.test).collect();
    let ended = run_tests(&tests, options.long);
    let rows = chosen.iter().map(|case| (case.name, row(case.name))).collect::<Vec<_>>();
    shell::print(&table::text(&rows))?;
    let all: serde_json::Map<String, Value> =
        rows.iter().map(|(name, row)| ((*name).to_owned(), row.clone().unwrap_or_default())).collect();
    let path = workspace::target().join(RESULT);
    workspace::write(&path, &format!("{}\n", serde_json::to_string_pretty(&all)?))?;
    eprintln!("written to {}", path.display());
    ended
}

/// Every fault in its long form, for the long tier of the tests.
///
/// # Errors
/// A fault breaks an invariant.
pub fn all_long() -> Result<Count> {
    run(&Options { names: Vec::new(), long: true })?;
    Ok(Count { passed: u64::try_from(CASES.len()).unwrap_or_default() })
}

/// What a case left; nothing when it did not come to its end.
fn row(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(results().join(format!("{name}.json"))).ok()?;
    serde_json::from_str(&text).ok()
}

/// One after the other: a case measures how long a recovery takes.
fn run_tests(tests: &[&str], long: bool) -> Result<()> {
    let base = ["test", "--locked", "--workspace", "--test", "e2e", "--", "--test-threads", "1", "--exact"];
    let mut command = shell::command("cargo", &[&base[..], tests].concat(), &workspace::root());
    if long {
        command.env(LONG, "1");
    }
    shell::finish(&mut command).context("a fault broke an invariant")
}
