//! `tidy`: rules of structure that no other tool checks. It runs as a test too.

use std::fmt;

use anyhow::{Result, bail};
use clap::Args;

use crate::generate;

mod arrows;
mod languages;
mod layout;
mod locks;
mod migrations;
mod names;
mod purity;
mod size;
mod source;

pub use source::Source;

/// Options of `cargo xtask tidy`.
#[derive(Debug, Args)]
pub struct Options {
    /// Enter migrations that are not in the list yet; one that is listed never changes.
    #[arg(long)]
    lock_migrations: bool,
}

/// One broken rule in one place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, and the line where there is one.
    pub place: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

impl Finding {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

/// Everything that breaks a rule, sorted by place.
///
/// # Errors
/// A file cannot be read.
pub fn findings() -> Result<Vec<Finding>> {
    let sources = source::all()?;
    let mut findings = Vec::new();
    findings.extend(layout::check(&sources)?);
    findings.extend(arrows::check(&sources)?);
    findings.extend(size::check(&sources));
    findings.extend(names::check(&sources));
    findings.extend(purity::check(&sources));
    findings.extend(languages::check(&sources));
    findings.extend(migrations::check(&sources)?);
    findings.extend(locks::check()?);
    for file in generate::stale()? {
        let place = file.path.display().to_string();
        findings.push(Finding::new(place, "is stale: run `cargo xtask generate` and commit it"));
    }
    findings.sort();
    Ok(findings)
}

/// Runs the command.
///
/// # Errors
/// A rule is broken.
pub fn run(options: &Options) -> Result<()> {
    if options.lock_migrations {
        migrations::lock(&source::all()?)?;
    }
    let findings = findings()?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} place(s) break the structure", findings.len());
    }
    eprintln!("tidy");
    Ok(())
}

#[cfg(test)]
mod tests;
