//! Debian packages, by the package manager.

use std::path::Path;

use anyhow::{Result, bail};

use crate::shell;

/// Installs the packages that are missing; asks for nothing when none is.
///
/// # Errors
/// A package is missing and the package manager is too, or fails.
pub fn install(wanted: &[&str]) -> Result<()> {
    if shell::find("dpkg").is_none() {
        // Another system: whoever runs it has the libraries of its own, and the build says what is missing.
        return Ok(());
    }
    let missing: Vec<&str> = wanted.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if shell::find("apt-get").is_none() {
        bail!("these packages are missing: {}; install them, then repeat", missing.join(" "));
    }
    apt(&["update", "-q"])?;
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(missing);
    apt(&arguments)
}

fn is_installed(package: &str) -> bool {
    std::process::Command::new("dpkg-query")
        .args(["-W", "-f=${Status}", package])
        .output()
        .is_ok_and(|output| output.stdout.ends_with(b" installed"))
}

fn apt(arguments: &[&str]) -> Result<()> {
    let root = shell::succeeds("sh", &["-c", "test \"$(id -u)\" = 0"]);
    let mut words = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    words.extend(arguments);
    if root {
        let (program, rest) = ("env", words.get(1..).unwrap_or_default());
        return shell::run(program, rest, Path::new("/"));
    }
    shell::run("sudo", &words, Path::new("/"))
}
