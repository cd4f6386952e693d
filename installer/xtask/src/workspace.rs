//! Where the workspace is, and files in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The workspace's root folder, whatever folder the command was started in.
#[must_use]
pub fn root() -> PathBuf {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.ends_with("installer/xtask"))
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    crate_folder.ancestors().nth(2).map_or(crate_folder.clone(), Path::to_path_buf)
}

/// A path inside the workspace.
#[must_use]
pub fn path(inside: &str) -> PathBuf {
    root().join(inside)
}

/// The folder of everything built.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| path("target"), PathBuf::from)
}

/// Reads a text file, naming it in the error.
///
/// # Errors
/// The file cannot be read or is not UTF-8.
pub fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Writes a text file and the folders above it, naming it in the error.
///
/// # Errors
/// The file or a folder above it cannot be written.
pub fn write(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The path of one of our programs as built by `cargo build`.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    target().join("debug").join(name)
}
