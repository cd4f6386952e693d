//! `bench`: figures with their ratios, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::{shell, workspace};

/// Each benchmark with the crate, the example that measures it, and the words that the example takes.
const BENCHMARKS: [(&str, &str, &str, &[&str]); 8] = [
    ("commit", "pos-core", "bench_commit", &[]),
    ("drain", "hq-server", "bench_drain", &["drain"]),
    ("many", "hq-server", "bench_drain", &["many"]),
    ("outage", "hq-server", "bench_drain", &["outage"]),
    ("wire", "hq-server", "bench_drain", &["wire"]),
    ("links", "hq-server", "bench_links", &["--json"]),
    ("catalogue", "hq-server", "bench_catalogue", &[]),
    ("search", "pos-core", "bench_search", &[]),
];
/// Where the figures go.
const RESULT: &str = "bench.json";

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct Options {
    /// Which to run; all if none is named.
    names: Vec<String>,
    /// The long forms, which take some minutes: of `many` a million sales, of `outage` two thousand agents.
    #[arg(long)]
    full: bool,
}

/// Runs the command.
///
/// # Errors
/// A benchmark is unknown, does not build, or misses its goal.
pub fn run(options: &Options) -> Result<()> {
    if let Some(unknown) =
        options.names.iter().find(|name| !BENCHMARKS.iter().any(|(known, ..)| known == name))
    {
        let known: Vec<_> = BENCHMARKS.iter().map(|(name, ..)| *name).collect();
        bail!("there is no benchmark `{unknown}`; there are: {}", known.join(", "));
    }
    let mut results = BTreeMap::new();
    for (name, package, example, words) in BENCHMARKS {
        if options.names.is_empty() || options.names.iter().any(|wanted| wanted == name) {
            results.insert(name, measure(package, example, words, options.full)?);
        }
    }
    for (name, figures) in &results {
        shell::print(&table(name, figures))?;
    }
    let path = workspace::target().join(RESULT);
    workspace::write(&path, &format!("{}\n", serde_json::to_string_pretty(&results)?))?;
    eprintln!("written to {}", path.display());
    Ok(())
}

/// A benchmark prints one JSON object on its last line.
fn measure(package: &str, example: &str, words: &[&str], full: bool) -> Result<Value> {
    let mut arguments =
        vec!["run", "--locked", "--quiet", "--release", "-p", package, "--example", example, "--"];
    arguments.extend(words);
    arguments.extend(full.then_some("--full"));
    let mut command = shell::command("cargo", &arguments, &workspace::root());
    let output = command
        .stdout(std::process::Stdio::piped())
        .output()
        .with_context(|| format!("cannot run {example}"))?;
    anyhow::ensure!(output.status.success(), "{example} failed: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("{example} did not print a line of JSON but `{line}`"))
}

fn table(name: &str, figures: &Value) -> String {
    let mut table = name.to_owned();
    for (figure, value) in figures.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Writing to a String cannot fail.
        let _ = write!(table, "\n  {figure:<36} {value:>16}");
    }
    table
}
