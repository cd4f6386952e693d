//! Running other programs with their output on stderr, so that stdout stays for what a caller reads.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A command whose output goes to stderr and whose input is empty.
#[must_use]
pub fn command(program: &str, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .stdout(Stdio::from(io::stderr()))
        .stderr(Stdio::inherit());
    command
}

/// Runs a command to its end.
///
/// # Errors
/// It cannot start, or ends with a failure.
pub fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<()> {
    finish(&mut command(program, arguments, folder))
}

/// Prints what a command of ours is run for.
///
/// # Errors
/// Nobody reads stdout.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).context("nobody reads stdout")
}

/// Runs a prepared command to its end, saying what is run.
///
/// # Errors
/// It cannot start, or ends with a failure.
pub fn finish(command: &mut Command) -> Result<()> {
    let line = shown(command);
    eprintln!("+ {line}");
    let status = command.status().with_context(|| format!("cannot run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Whether a command ends well; what it prints is dropped.
#[must_use]
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where programs are looked up: our own tools first.
#[must_use]
pub fn search_path() -> std::ffi::OsString {
    let tools = crate::workspace::target().join("tools");
    let mut folders = vec![tools.join("bin"), tools.join("venv/bin")];
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    std::env::join_paths(folders).unwrap_or_default()
}

/// The path of a program, if there is one.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path()).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
