//! The files that people write.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::{generate, workspace};

/// Made or fetched, not written here.
const SKIPPED: [&str; 6] = ["target", "node_modules", "dist", "gen", ".git", "pictures"];
/// What rules look at; the rest (fonts, pictures, lock files) is not text of ours.
const ENDINGS: [&str; 10] = ["rs", "ts", "mts", "svelte", "css", "toml", "json", "sql", "md", "mjs"];

/// A text file of the workspace.
#[derive(Debug)]
pub struct Source {
    /// Relative to the root, with forward slashes.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// Its ending.
    #[must_use]
    pub fn ending(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, ending)| ending)
    }

    /// Its name without folder and ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit_once('/').map_or(self.path.as_str(), |(_, name)| name);
        name.split_once('.').map_or(name, |(stem, _)| stem)
    }

    /// Whether one of its folders, or the file itself, has the name.
    #[must_use]
    pub fn is_within(&self, name: &str) -> bool {
        self.stem() == name || self.path.split('/').rev().skip(1).any(|folder| folder == name)
    }

    /// Whether a tool writes it.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        self.is_within("generated")
            || self.text.lines().next().is_some_and(|line| line.contains(generate::NOTICE))
    }

    /// Whether it only tests.
    #[must_use]
    pub fn is_test(&self) -> bool {
        ["tests", "e2e", "benches"].iter().any(|folder| self.is_within(folder))
            || self.path.contains(".test.")
            || self.stem() == "tests"
    }

    /// Its lines, numbered from 1, without the tests at the end of a Rust file.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let rust = self.ending() == "rs";
        (1..).zip(self.text.lines()).take_while(move |(_, line)| !(rust && line.starts_with("#[cfg(test)]")))
    }

    /// The same without comments that fill their line.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// `path:line`.
    #[must_use]
    pub fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// Every such file.
///
/// # Errors
/// A folder or file cannot be read.
pub(super) fn all() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let root = workspace::root();
    collect(&root, &root, &mut sources)?;
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(sources)
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if SKIPPED.contains(&name) || name == "package-lock.json" {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, sources)?;
        } else if path
            .extension()
            .and_then(|ending| ending.to_str())
            .is_some_and(|ending| ENDINGS.contains(&ending))
        {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            sources.push(Source { path: relative, text: workspace::read(&path)? });
        }
    }
    Ok(())
}
