//! Fuzzing: every decoder fed with anything. The normal tiers replay what earlier runs found worth keeping.

use std::fs;

use anyhow::{Context as _, Result};

use super::Count;
use crate::setup::tools;
use crate::{shell, workspace};

/// Seconds that each decoder is fed for unless the command says otherwise.
pub(super) const SECONDS_EACH: u32 = 600;
/// One input may take this long; anything slower is a way to stop a server.
const INPUT_SECONDS_MAX: u32 = 10;
/// Memory that a decoder may ever hold.
const MEMORY_MIB_MAX: u32 = 1_024;
/// Longest input: a few messages, or a whole configuration.
const INPUT_LEN_MAX: u32 = 8_192;

/// Feeds one decoder after the other. What one finds stays in `target/fuzz`, and ends the run.
///
/// # Errors
/// A decoder broke a promise, or the fuzzer cannot be had.
pub(super) fn run(seconds_each: u32) -> Result<Count> {
    tools::fuzzer()?;
    let targets = targets()?;
    for target in &targets {
        feed(target, seconds_each)?;
    }
    Ok(Count { passed: u64::try_from(targets.len())? })
}

/// Their programs are named after them.
fn targets() -> Result<Vec<String>> {
    let folder = workspace::path("sync/fuzz/targets");
    let files = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names: Vec<String> = files
        .flatten()
        .filter_map(|file| Some(file.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn feed(target: &str, seconds_each: u32) -> Result<()> {
    let root = workspace::root();
    let own = workspace::target().join("fuzz");
    let found = own.join("corpus").join(target);
    fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let (own, found) = (own.to_string_lossy(), found.to_string_lossy());
    let kept = format!("sync/fuzz/corpus/{target}");
    let crashes = format!("-artifact_prefix={own}/{target}-");
    let limits = [
        format!("-max_total_time={seconds_each}"),
        format!("-timeout={INPUT_SECONDS_MAX}"),
        format!("-rss_limit_mb={MEMORY_MIB_MAX}"),
        format!("-max_len={INPUT_LEN_MAX}"),
    ];
    // No sanitizer: the product has no unsafe code, and without one the stable compiler will do.
    let mut arguments = vec!["fuzz", "run", "--fuzz-dir", "sync/fuzz", "--target-dir", &own, "-s", "none"];
    arguments.extend([
        "--features",
        "libfuzzer",
        target,
        &found,
        &kept,
        "--",
        &crashes,
        "-print_final_stats=1",
    ]);
    arguments.extend(limits.iter().map(String::as_str));
    shell::finish(shell::command("cargo", &arguments, &root).env("RUSTC_BOOTSTRAP", "1"))
}
