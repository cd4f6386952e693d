//! One program of the fleet: how it is started, and what callers are told of it.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::shell;

/// Which program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `hq-server`
    Hq,
    /// `station-agent`
    Station,
    /// `pos-desktop`
    Till,
    /// `back-office`; a window only, so callers are not told of it.
    #[serde(skip)]
    BackOffice,
}

/// What callers are told of a running program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Which program it is.
    pub kind: Kind,
    /// Its station; HQ has none.
    pub station: Option<String>,
    /// Its number; only tills have one.
    pub terminal: Option<u16>,
    /// Its process now.
    pub pid: u32,
    /// Where its HTTP paths are.
    pub http: String,
    /// Where its broker is; only HQ has one.
    pub mqtt: Option<String>,
    /// Where its devices come to, over TLS: HQ's agents, a station's tills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Opens the HTTP paths.
    pub token: String,
}

/// How a program is started, the same way each time.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Its name in logs and in [`super::Fleet`]: `hq`, `ST0001`, `ST0001-till-1`.
    pub name: String,
    /// Everything but the pid is fixed.
    pub program: Program,
    /// The binary.
    pub binary: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Where its output goes.
    pub log: PathBuf,
    /// Whether a user may close it.
    pub window: bool,
    /// The network namespace that it runs in, if not ours.
    pub namespace: Option<String>,
}

impl Launch {
    /// Starts it, in a process group of its own so that Ctrl-C reaches only us, and bound to our life where the system can.
    ///
    /// # Errors
    /// The binary or the log file cannot be opened.
    pub fn spawn(&self) -> Result<Child> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("cannot open {}", self.log.display()))?;
        let errors = log.try_clone().context("cannot share the log file")?;
        let mut words: Vec<OsString> = Vec::new();
        // setpriv becomes the program (same pid) after asking the kernel to end it with us, even when we are killed.
        if let Some(setpriv) = shell::find("setpriv") {
            words.push(setpriv.into());
            words.extend(["--pdeathsig", "KILL", "--"].map(OsString::from));
        }
        // So does ip, once it is in the namespace.
        if let Some(namespace) = &self.namespace {
            words.extend(["ip", "netns", "exec", namespace].map(OsString::from));
        }
        words.push(self.binary.clone().into());
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(errors))
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))
    }

    /// The end of its output, for an error message.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
    }
}

/// Asks a process to end.
///
/// # Errors
/// There is no shell, or no such process.
pub fn terminate(pid: u32) -> io::Result<()> {
    // The shell's own `kill`: there is no safe call for it in the standard library.
    Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).stderr(Stdio::null()).status().map(|_| ())
}
