//! What a fresh machine lacks: system packages, tools, the built user interfaces, the programs.

use std::fs::File;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::workspace;

pub mod packages;
pub mod programs;
pub mod tools;
pub mod web;

/// What building and showing the product needs.
const DEMO_PACKAGES: [&str; 7] = [
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "fonts-nanum",
    // The back office opens its window through it; nothing else asks for it.
    "libxkbcommon-x11-0",
    "util-linux",
    "ca-certificates",
];
/// What the tests need beyond it.
const TEST_PACKAGES: [&str; 13] = [
    "webkit2gtk-driver",
    "xvfb",
    "chromium",
    "chromium-driver",
    "strace",
    "python3-venv",
    // Peers that share no code with the product.
    "openssl",
    "curl",
    "mosquitto",
    // The tests start servers of their own from it.
    "postgresql",
    // Clocks that are years off.
    "faketime",
    // Networks that break.
    "iproute2",
    "nftables",
];

/// Installs and builds what `demo` runs.
///
/// # Errors
/// A package cannot be installed, or something does not build.
pub fn for_demo() -> Result<()> {
    let _turn = Turn::take()?;
    packages::install(&DEMO_PACKAGES)?;
    web::build_all()?;
    let begin = Instant::now();
    programs::build()?;
    eprintln!("programs built in {} s", begin.elapsed().as_secs());
    Ok(())
}

/// Installs and builds what `faults` runs: the programs, and the small ones that die at chosen places.
///
/// # Errors
/// A package cannot be installed, or something does not build.
pub fn for_faults() -> Result<()> {
    for_demo()?;
    let _turn = Turn::take()?;
    packages::install(&TEST_PACKAGES)?;
    let drill = ["build", "--locked", "--workspace", "--example", "drill"];
    crate::shell::run("cargo", &drill, &workspace::root())
}

/// Installs what `test` runs, without building.
///
/// # Errors
/// A package or tool cannot be installed.
pub fn for_test() -> Result<()> {
    let _turn = Turn::take()?;
    packages::install(&[&DEMO_PACKAGES[..], &TEST_PACKAGES[..]].concat())?;
    tools::install()?;
    web::install_all()
}

/// One copy sets up at a time; the others wait, then find it done.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits for the turn.
    ///
    /// # Errors
    /// The target folder cannot be written.
    pub fn take() -> Result<Self> {
        let path = workspace::target().join("xtask.lock");
        workspace::write(&path, "")?;
        let lock = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(Self { _lock: lock })
    }
}
