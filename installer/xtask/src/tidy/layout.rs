//! What may stand at the top, and how modules are laid out.

use anyhow::{Context as _, Result};

use super::{Finding, Source};
use crate::workspace;

const FOLDERS: [&str; 6] = ["sync", "pos-desktop", "station-agent", "hq-server", "assets", "installer"];
const FILES: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

pub(super) fn check(sources: &[Source]) -> Result<Vec<Finding>> {
    let mut findings = top()?;
    for source in sources {
        if source.path.ends_with("/mod.rs") {
            findings.push(Finding::new(&source.path, "`foo.rs` beside `foo/`, never `foo/mod.rs`"));
        }
        if source.path.starts_with("assets/")
            && ["rs", "ts", "mts", "mjs", "svelte"].contains(&source.ending())
        {
            findings.push(Finding::new(&source.path, "assets hold no code"));
        }
    }
    Ok(findings)
}

fn top() -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let target = workspace::target();
    for entry in std::fs::read_dir(workspace::root()).context("cannot list the workspace")? {
        let path = entry.context("cannot list the workspace")?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let expected = if path.is_dir() { &FOLDERS[..] } else { &FILES[..] };
        if !name.starts_with('.') && path != target && !expected.contains(&name.as_str()) {
            findings.push(Finding::new(name, "does not belong at the top; tool settings are dotfiles"));
        }
    }
    Ok(findings)
}
