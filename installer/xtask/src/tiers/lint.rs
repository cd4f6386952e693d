//! Checks that run nothing of the product.

use std::path::Path;

use anyhow::Result;

use super::{Count, advisories};
use crate::{shell, tidy, workspace};

/// Format, structure, spelling, TOML, licences, sources and advisories.
///
/// # Errors
/// The first that fails.
pub(super) fn texts() -> Result<Count> {
    let root = workspace::root();
    let mut count = Count::default();
    shell::run("cargo", &["fmt", "--all", "--check"], &root)?;
    let findings = tidy::findings()?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "{} place(s) break the structure", findings.len());
    let deny =
        ["deny", "--workspace", "--locked", "--config", ".deny.toml", "check", "--hide-inclusion-graph"];
    shell::run("cargo", &[&deny[..], &["bans", "licenses", "sources"]].concat(), &root)?;
    count += advisories::check()?;
    shell::run("typos", &[], &root)?;
    shell::run("taplo", &["fmt", "--check", "--config", ".taplo.toml"], &root)?;
    count.passed += 5;
    Ok(count)
}

/// Types, rules, format and unit tests of a web user interface.
///
/// # Errors
/// The first that fails.
pub(super) fn web(folder: &Path) -> Result<Count> {
    let mut count = Count::default();
    for script in ["check", "lint"] {
        shell::run("npm", &["run", "--silent", script], folder)?;
        count += Count::ONE;
    }
    count += Count::of(&mut shell::command("npm", &["run", "--silent", "test"], folder))?;
    Ok(count)
}

/// The compiler's and clippy's warnings, as errors.
///
/// # Errors
/// There is one.
pub(super) fn clippy() -> Result<Count> {
    let arguments = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    shell::run("cargo", &arguments, &workspace::root())?;
    Ok(Count::ONE)
}
