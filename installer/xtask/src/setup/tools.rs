//! Tools of the tests, each by its own registry's client, into `target/tools`.

use std::path::Path;

use anyhow::Result;

use crate::{shell, workspace};

/// Installs the tools that are missing.
///
/// # Errors
/// A tool cannot be installed.
pub fn install() -> Result<()> {
    // Without its self-update it needs a third fewer crates.
    cargo_tool("cargo-nextest", &["--no-default-features", "--features", "default-no-update"])?;
    cargo_tool("cargo-deny", &[])?;
    wheels()
}

/// Installs what only the long runs need.
///
/// # Errors
/// The tool cannot be installed.
pub fn fuzzer() -> Result<()> {
    cargo_tool("cargo-fuzz", &[])
}

/// Unoptimised and without debug information: two minutes instead of ten, and no slower for what they do here.
fn cargo_tool(name: &str, features: &[&str]) -> Result<()> {
    if shell::find(name).is_some() {
        return Ok(());
    }
    let tools = workspace::target().join("tools");
    let root = tools.to_string_lossy();
    let mut arguments = vec!["install", "--locked", "--debug", "--root", &root, name];
    arguments.extend(features);
    shell::finish(
        shell::command("cargo", &arguments, Path::new("/"))
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .env_remove("CARGO_TARGET_DIR"),
    )
}

fn wheels() -> Result<()> {
    if shell::find("typos").is_some() && shell::find("taplo").is_some() {
        return Ok(());
    }
    let venv = workspace::target().join("tools/venv");
    let venv = venv.to_string_lossy();
    shell::run("python3", &["-m", "venv", &venv], Path::new("/"))?;
    shell::run(&format!("{venv}/bin/pip"), &["install", "-q", "typos", "taplo"], Path::new("/"))
}
