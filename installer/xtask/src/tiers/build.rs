//! Building everything once, then looking at the text of it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::{Count, lint};
use crate::setup::{Turn, web};
use crate::{shell, workspace};

/// The bundles first, because programs embed them; then the cheap looks; then the compiler.
///
/// # Errors
/// The first check that fails.
pub(super) fn run() -> Result<Count> {
    let mut count = Count::default();
    {
        let _turn = Turn::take()?;
        web::build_all()?;
    }
    count += lint::texts()?;
    for folder in web::FOLDERS {
        count += lint::web(&workspace::path(folder))?;
    }
    count += lint::clippy()?;
    count += programs()?;
    Ok(count)
}

/// Every program and every test, so that the tiers that follow only run.
///
/// # Errors
/// The build fails.
pub(super) fn programs() -> Result<Count> {
    let _turn = Turn::take()?;
    web::build_all()?;
    shell::run("cargo", &["build", "--locked", "--workspace", "--all-targets"], &workspace::root())?;
    Ok(Count::ONE)
}

/// The text of every generated binding, to see whether a test changed one.
///
/// # Errors
/// A file cannot be read.
pub(super) fn bindings() -> Result<Vec<(PathBuf, String)>> {
    let mut texts = Vec::new();
    for folder in web::FOLDERS {
        let generated = workspace::path(folder).join("src/generated");
        let Ok(entries) = fs::read_dir(&generated) else {
            continue;
        };
        for entry in entries {
            let path = entry.context("cannot list the bindings")?.path();
            texts.push((path.clone(), workspace::read(&path)?));
        }
    }
    texts.sort();
    Ok(texts)
}

/// Compares them with what they were.
///
/// # Errors
/// One changed.
pub(super) fn bindings_unchanged(before: &[(PathBuf, String)]) -> Result<()> {
    let after = bindings()?;
    let stale: Vec<String> = after
        .iter()
        .filter(|binding| !before.contains(binding))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !stale.is_empty() {
        bail!("generated bindings were stale and are new now; commit them:\n{}", stale.join("\n"));
    }
    Ok(())
}
