//! The two web user interfaces: dependencies and bundles, made only when their sources changed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{shell, workspace};

/// Where the user interfaces are, and what else their bundles are made of.
pub const FOLDERS: [&str; 2] = ["pos-desktop/ui", "hq-server/console"];
/// Texts, tokens and fonts that the bundles take in.
const SHARED: &str = "assets";
/// Made, not written: no part of a bundle's sources.
const SKIPPED: [&str; 5] = ["node_modules", "dist", "e2e", "tests", "pictures"];

/// Installs the dependencies of both.
///
/// # Errors
/// npm fails.
pub fn install_all() -> Result<()> {
    for folder in FOLDERS {
        install(&workspace::path(folder))?;
    }
    Ok(())
}

/// Builds both bundles.
///
/// # Errors
/// npm or the bundler fails.
pub fn build_all() -> Result<()> {
    for folder in FOLDERS {
        build(folder)?;
    }
    Ok(())
}

fn install(folder: &Path) -> Result<()> {
    let (lock, installed) =
        (folder.join("package-lock.json"), folder.join("node_modules/.package-lock.json"));
    let modified = |file: &Path| std::fs::metadata(file).and_then(|data| data.modified()).ok();
    if modified(&installed) >= modified(&lock) && installed.exists() {
        return Ok(());
    }
    shell::run("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"], folder)
}

fn build(name: &str) -> Result<()> {
    let folder = workspace::path(name);
    let sources = hash(&[folder.clone(), workspace::path(SHARED)])?;
    let stamp = workspace::target().join("stamps").join(name.replace('/', "-"));
    let built = folder.join("dist/index.html").exists();
    if built && std::fs::read_to_string(&stamp).is_ok_and(|text| text == sources) {
        return Ok(());
    }
    install(&folder)?;
    shell::run("npm", &["run", "--silent", "build"], &folder)?;
    workspace::write(&stamp, &sources)
}

fn hash(roots: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for root in roots {
        collect(root, &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        let skipped = path.file_name().is_some_and(|name| SKIPPED.iter().any(|skipped| name == *skipped));
        if skipped {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
