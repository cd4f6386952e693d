//! Building the workspace, always with one set of features so that nothing is compiled twice.

use anyhow::Result;

use crate::{shell, workspace};

/// Builds every program.
///
/// # Errors
/// The build fails.
pub fn build() -> Result<()> {
    shell::run("cargo", &["build", "--locked", "--workspace", "--bins"], &workspace::root())
}
