//! `faults`: the kill cases on real processes, by name, as a table.

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

use crate::{setup, shell, workspace};

/// Each case with the whole-system test that runs it.
const CASES: [(&str, &str); 4] = [
    ("siege", "siege::head_office_agent_and_till_are_killed_and_nothing_is_lost_or_doubled"),
    ("till", "kills::a_till_killed_in_mid_stream_keeps_every_sale_it_confirmed"),
    ("agent", "kills::an_agent_killed_in_mid_stream_holds_up_no_till_and_loses_nothing"),
    ("hq", "kills::a_killed_head_office_gets_everything_when_it_is_back"),
];

/// Options of `cargo xtask faults`.
#[derive(Debug, Args)]
pub struct Options {
    /// Which to run; all if none is named.
    names: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A case is unknown or fails.
pub fn run(options: &Options) -> Result<()> {
    if let Some(unknown) = options.names.iter().find(|name| !CASES.iter().any(|(known, _)| known == name)) {
        let known: Vec<_> = CASES.iter().map(|(name, _)| *name).collect();
        bail!("there is no fault `{unknown}`; there are: {}", known.join(", "));
    }
    setup::for_demo()?;
    let mut rows = Vec::new();
    for (name, test) in CASES {
        if options.names.is_empty() || options.names.iter().any(|wanted| wanted == name) {
            let begin = Instant::now();
            let passed = shell::run(
                "cargo",
                &["test", "--locked", "--workspace", "--test", "e2e", "--", "--exact", test],
                &workspace::root(),
            )
            .is_ok();
            rows.push((name, test, passed, begin.elapsed().as_secs()));
        }
    }
    for (name, test, passed, seconds) in &rows {
        let verdict = if *passed { "holds" } else { "BROKEN" };
        shell::print(&format!("{name:<8} {verdict:<7} {seconds:>4} s  {}", sentence(test)))?;
    }
    let broken = rows.iter().filter(|(_, _, passed, _)| !passed).count();
    anyhow::ensure!(broken == 0, "{broken} fault(s) broke an invariant");
    Ok(())
}

/// `kills::a_till_killed` as people say it.
fn sentence(test: &str) -> String {
    test.rsplit_once("::").map_or(test, |(_, name)| name).replace('_', " ")
}
